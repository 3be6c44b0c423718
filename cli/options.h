/*
 * The command line as a struct.
 *
 * options.c reads it by one table (options_table.c: letter, name, argument,
 * help, what it sets), from which --help is written too; options_check.c then
 * fills in what was left out and refuses what does not fit together.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/buffer.h"
#include "ldap/directory.h"
#include "render/render.h"
#include "x509/policy.h"

/* What the program ends with; see certlookup(1). */
enum { STATUS_FOUND = 0, STATUS_NONE = 1, STATUS_UNKNOWN = 2, STATUS_USAGE = 64, STATUS_IO = 74 };

#define OPTIONS_PATHS_MAX 64 /* anchors, intermediates, CRLs: each */
#define OPTIONS_SECRET_MAX 1024

struct paths {
    const char *items[OPTIONS_PATHS_MAX];
    size_t count;
};

enum password_from { PASSWORD_NONE, PASSWORD_ARGUMENT, PASSWORD_FILE, PASSWORD_PROMPT };

/* Strings are the argument vector's or the environment's, if not said otherwise. */
struct options {
    /* Whom to ask: one of the two. */
    const char *uris[MAX_URIS];
    size_t uri_count;
    const char *gateway;

    const char *base, *filter, *bind_dn, *ca_file;
    int scope;
    int64_t max_entries;
    int64_t timeout_ms;
    bool start_tls;
    enum password_from password_from;
    const char *password_file;
    struct buffer password; /* owned, wiped */
    const char *token_file;
    struct buffer token;    /* owned, wiped */

    struct paths anchors, intermediates, crls;
    enum revocation_mode revocation;

    enum format format;
    bool explain, verbose;
    bool anchors_only; /* nobody is asked: the operands are files with anchors, to be shown */
    bool help, version;

    const char *directory_only, *gateway_only; /* the last option given that is only for the one or the other */
    char *uri_text, *anchor_text;              /* owned: what `uris` and, by default, `anchors` point into */

    const char *const *addresses; /* "-" alone: they come from standard input; with `anchors_only` they are paths */
    size_t address_count;
};

/* -1: the words name the option. Passwords on the command line are overwritten there. In any case options_free(). */
int options_read(int argc, char **argv, struct options *options, struct error *error);

/* Defaults, and whether all fits together. Reads password and token, asking for the former if that was wished. */
int options_check(struct options *options, struct error *error);

void options_free(struct options *options);

/* -1: empty, or one too many. */
int options_add_path(struct paths *paths, const char *path, struct error *error);

/* The two structs that directory and policy want; they borrow from the options. */
struct directory_config options_directory(const struct options *options);
struct policy_config options_policy(const struct options *options);

void options_write_help(struct buffer *out);

#endif
