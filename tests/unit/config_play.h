/*
 * What tests of the configuration share: a folder, in which the file "c" is
 * written and read, and what is wrong with it.
 */
#ifndef TESTS_UNIT_CONFIG_PLAY_H
#define TESTS_UNIT_CONFIG_PLAY_H

#include <sys/types.h>

#include "gateway/config.h"

#define DIRECTORY "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; domains = [ \"*\" ]; } );\n"
#define TRUST "trust = { anchors = [ \"/etc/passwd\" ]; };\n"
#define GOOD DIRECTORY TRUST
/* On two lines. */
#define NO_ISSUERS \
    "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; domains = [ \"*\" ];\nissuers = false; } );\n"
/* One directory with more in it, on the lines 1 and 2. */
#define WITH(more_) \
    "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; domains = [ \"*\" ];\n" more_ " } );\n" TRUST

#define ON_TRUST(more_) DIRECTORY "trust = { anchors = [ \"/etc/passwd\" ];\n" more_ " };\n"
/* One rule on the lines 3 and 4. */
#define RULE(more_) "trust-rules = (\n{ name = \"r\"; " more_ " } );\n"
#define PRINT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define PRINT_COLONS \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

extern char config_folder[sizeof("/tmp/test_config.XXXXXX")];
extern char config_heard[64 * 1024]; /* the faults of the last reading, one a line, each after "\n" */

/* Of the group. */
int config_begin(void **state);
int config_end(void **state);

const char *config_path(const char *name); /* of that file in the folder; until the next call */
void config_write(const char *name, const void *content, size_t size, mode_t mode);

struct config *config_load_text(const char *text);
struct config *config_load_bytes(const void *text, size_t size);
void config_hear(void *context, const char *line); /* for config_load(); context: config_heard */

/* The words of fault number `which`, behind "FILE:" ("3: cache.ttl: …"), or NULL. */
const char *config_fault(size_t which);

#endif
