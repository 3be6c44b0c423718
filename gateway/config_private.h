/*
 * What the parts of the configuration share: config_table.c holds the settings,
 * config_scan.c looks at the text before libconfig may, config_read.c fills in
 * the struct, config_check.c compares settings with each other, and
 * config_nearest.c guesses what a wrong name meant.
 *
 * A setting is known by its path: "cache.ttl", "directories[0].domains[2]".
 */
#ifndef GATEWAY_CONFIG_PRIVATE_H
#define GATEWAY_CONFIG_PRIVATE_H

#include <libconfig.h>

#include "base/buffer.h"
#include "gateway/config.h"

#define MAX_SETTING_BYTES 2048 /* one string, after ${VAR} was replaced */
#define MAX_PATH_BYTES 160
#define MAX_FAULTS 100         /* reported of one file */

enum setting_type {
    SETTING_STRING,
    SETTING_LIST,        /* of strings */
    SETTING_DURATION_MS, /* both are written alike; the struct keeps milliseconds or seconds */
    SETTING_DURATION_S,
    SETTING_SIZE,
    SETTING_NUMBER,
    SETTING_BOOLEAN,
    SETTING_WORD,
    SETTING_SECRET,      /* names a file that is nobody else's business; the struct keeps what is in it */
    SETTING_FILE,        /* the same of a file that everybody may read; bytes */
    SETTING_TYPE_COUNT
};

/* Default and limits are text, as one would write them in the file, and read by the same code. */
struct setting {
    const char *path;       /* "listen", "cache.ttl", "directories.name" */
    enum setting_type type;
    const char *preset;     /* the default; of a list: its elements, separated by spaces; NULL: required */
    const char *least;      /* bounds: of a number, of a string's or secret's length, of a list's count */
    const char *most;
    const char *words;      /* SETTING_WORD: separated by spaces; the field gets the place of the word, from 0 */
    int (*accept)(char text[MAX_SETTING_BYTES], struct error *error); /* NULL, or refuses a string, or rewrites it */
    bool restart;
    size_t offset, size;    /* of the field, in struct config; in struct directory_draft or struct policy_rule for the
                             * groups "directories" and "trust-rules", of which there may be many */
    size_t count_offset;    /* SETTING_LIST: where its length stands, a size_t */
    const char *help;
};

extern const struct setting settings_table[];
extern const size_t settings_count;

extern const char *const settings_groups[]; /* NULL at the end */

const char *setting_name(const struct setting *setting);           /* without its group */
bool setting_in(const struct setting *setting, const char *group); /* "": outside of all groups */

/* NULL: no such setting. */
const struct setting *settings_find(const char *group, const char *name);
bool settings_has_group(const char *group);

/* What somebody may have meant: the nearest name in `group`, or the same name in another one. NULL: nothing is near. */
const char *settings_nearest(const char *group, const char *name);

/* What directories.tls may say; TLS_AUTO follows the URIs. */
enum tls_word { TLS_WORD_AUTO, TLS_WORD_LDAPS, TLS_WORD_STARTTLS, TLS_WORD_NONE };

struct directory_draft {
    struct directory_config config;
    enum tls_word tls;
};

/* Refuses a text that libconfig would take for something else than it looks, or that could harm it. -1: `line` and the
 * words say what. */
int config_scan(struct bytes text, unsigned *line, struct error *error);

/* One reading of one file. */
struct reader {
    const char *path;
    struct config *config;
    struct directory_draft *drafts;
    config_t tree;
    bool has_tree;
    bool out_of_memory; /* what was read has holes: it is not looked at any further */
    void (*fault)(void *context, const char *line);
    void *context;
    size_t faults;
    struct buffer faulted; /* the paths at fault, each between two '\n' */
};

/* Reports a fault of the setting at `path` ("": of the file), with the line where it stands. */
void reader_fault(struct reader *reader, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void reader_fault_at(struct reader *reader, unsigned line, const char *path, const char *text);

/* Whether something at this path or below it was reported. */
bool reader_faulted(const struct reader *reader, const char *path);

/* The setting of this path as it stands in the file; NULL: it does not. */
config_setting_t *reader_find(const struct reader *reader, const char *path);

/* Zeroed memory that lives as long as the configuration, and is wiped at its end. NULL: reported as a fault. */
void *reader_keep(struct reader *reader, size_t size);
char *reader_keep_string(struct reader *reader, const char *string);

/* One value (not a list) as the file has it, or as it is preset, into its field in `base`. -1: the words say why. */
int setting_read(struct reader *reader, const struct setting *setting, const config_setting_t *node, void *base,
                 struct error *error);
int setting_preset(struct reader *reader, const struct setting *setting, void *base, struct error *error);

/* Whether its value names a file whose content the struct keeps. */
bool setting_is_file(const struct setting *setting);

/* A string with its variables replaced; and whether this setting takes it, which may rewrite it. */
int setting_read_string(const config_setting_t *node, char text[MAX_SETTING_BYTES], struct error *error);
int setting_check_string(const struct setting *setting, char text[MAX_SETTING_BYTES], struct error *error);

void reader_read_tree(struct reader *reader);
void reader_check(struct reader *reader);

/* The networks that a list names, each as `parse` reads it, kept as reader_keep() does. NULL: reported as a fault. */
struct network *reader_networks(struct reader *reader, const char *path, const char *const *texts, size_t count,
                                int (*parse)(const char *text, struct network *network, struct error *error));

/* config_check_fetch.c */
void reader_check_fetch(struct reader *reader);
bool config_fetches_evidence(const struct config *config); /* of where it looks for revocation, besides trust.crls */

/* config_check_http.c */
void reader_check_http(struct reader *reader);
void reader_check_tls(struct reader *reader);
void reader_check_doors(struct reader *reader);

/* config_check.c: that the file is there and ours to read. */
void reader_check_readable(struct reader *reader, const char *path, const char *file);

/* config_accept.c: what strings may say, and how they are written. -1: the words say what is wrong. */
int accept_listen(char text[MAX_SETTING_BYTES], struct error *error);
int accept_origin(char text[MAX_SETTING_BYTES], struct error *error);
int accept_domain(char text[MAX_SETTING_BYTES], struct error *error);
int accept_name(char text[MAX_SETTING_BYTES], struct error *error);
int accept_oid(char text[MAX_SETTING_BYTES], struct error *error);
int accept_curve(char text[MAX_SETTING_BYTES], struct error *error);
int accept_hash(char text[MAX_SETTING_BYTES], struct error *error);
int accept_fingerprint(char text[MAX_SETTING_BYTES], struct error *error);
int accept_prefix(char text[MAX_SETTING_BYTES], struct error *error);
int accept_token(char text[MAX_SETTING_BYTES], struct error *error);
int accept_network(char text[MAX_SETTING_BYTES], struct error *error);
int accept_proxy(char text[MAX_SETTING_BYTES], struct error *error);
int accept_host(char text[MAX_SETTING_BYTES], struct error *error);

#endif
