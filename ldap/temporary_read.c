#include "ldap/directory.h"
#define WEAK __attribute__((weak))
WEAK struct reading *directory_read(struct directory *directory, const char *dn, enum entry_part part, size_t max_value_bytes, int64_t timeout_ms, void (*done)(void *context, struct entry_result *result), void *context){ (void)directory;(void)dn;(void)part;(void)max_value_bytes;(void)timeout_ms; done(context,NULL); return NULL; }
WEAK void reading_abandon(struct reading **reading){ *reading=NULL; }
WEAK void entry_result_free(struct entry_result **result){ *result=NULL; }
