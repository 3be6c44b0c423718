#include "ldap/remote.h"
__attribute__((weak)) int remote_read(const char *url, const struct remote_rules *rules, int (*take)(void *context, struct bytes value), void *context, struct error *error){ (void)url;(void)rules;(void)take;(void)context; return error_set(error,"temporary"); }
