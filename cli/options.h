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
#include "base/drop.h"
#include "base/network.h"
#include "cli/trust.h"
#include "ldap/directory.h"
#include "render/render.h"

/* What the program ends with; see certlookup(1). */
enum { STATUS_FOUND = 0, STATUS_NONE = 1, STATUS_UNKNOWN = 2, STATUS_USAGE = 64, STATUS_IO = 74 };

#define OPTIONS_SECRET_MAX 1024
#define OPTIONS_NETWORKS_MAX 64
#define OPTIONS_FILES_MAX 1024 /* to inspect */

/* Who is asked. */
enum whom { WHOM_DIRECTORY, WHOM_GATEWAY, WHOM_FILES, WHOM_COUNT };

/* What certificates point to, and what of it may be fetched. */
struct fetch_options {
    bool crls, ocsp;
    struct trust_list issuer_hosts;
    struct network networks[OPTIONS_NETWORKS_MAX];
    size_t network_count;
};

enum password_from { PASSWORD_NONE, PASSWORD_ARGUMENT, PASSWORD_FILE, PASSWORD_PROMPT };

/* Strings are the argument vector's or the environment's, if not said otherwise. */
struct options {
    /* Whom to ask: one of the three. */
    const char *uris[MAX_URIS];
    size_t uri_count;
    const char *gateway;
    bool inspect;
    enum whom whom; /* set by options_check() */

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
    bool purges;            /* nobody is looked up: the gateway drops what `purge` names */
    struct drop purge;

    struct trust_options trust;
    struct fetch_options fetch;

    enum format format;
    bool explain, verbose;
    bool anchors_only; /* nobody is asked: the operands are files with anchors, to be shown */
    bool help, version;

    const char *misfits[WHOM_COUNT]; /* the last option given that is not for the one, or the other */
    char *uri_text, *anchor_text;    /* owned: what `uris` and, by default, `trust.anchors` point into */

    /* The operands. Of --inspect they are files; a last one that is an address, and no file, is that. */
    const char *const *addresses; /* "-" alone: they come from standard input; with `anchors_only` they are paths */
    size_t address_count;
    const char *const *files;     /* "-": standard input */
    size_t file_count;
};

/* -1: the words name the option. Passwords on the command line are overwritten there. In any case options_free(). */
int options_read(int argc, char **argv, struct options *options, struct error *error);

/* Defaults, and whether all fits together. Reads password and token, asking for the former if that was wished. */
int options_check(struct options *options, struct error *error);

void options_free(struct options *options);

/* The struct that a directory wants; it borrows from the options. */
struct directory_config options_directory(const struct options *options);

void options_write_help(struct buffer *out);

#endif
