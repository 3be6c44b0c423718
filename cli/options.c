#include "cli/options.h"

#include <getopt.h>
#include <stdlib.h>

#include "cli/options_table.h"

#define FIRST_LONG 256 /* getopt_long() gives this plus the row */
#define OPTIONS_MAX 64

struct spelled {
    char letters[2 * OPTIONS_MAX + 2];
    struct option names[OPTIONS_MAX + 1];
};

/* The table as getopt_long() wants it. */
static void spell(struct spelled *spelled)
{
    char *letter = spelled->letters;

    memset(spelled, 0, sizeof(*spelled));
    *letter++ = ':'; /* a missing argument is told from an unknown option */
    for (size_t i = 0; i < option_count; i++) {
        const struct option_info *info = &option_table[i];
        int takes = info->argument != NULL ? required_argument : no_argument;
        spelled->names[i] = (struct option){info->name, takes, NULL, FIRST_LONG + (int)i};
        if (info->letter != 0) {
            *letter++ = info->letter;
            if (info->argument != NULL) {
                *letter++ = ':';
            }
        }
    }
}

static const struct option_info *find_option(int code)
{
    for (size_t i = 0; i < option_count; i++) {
        if (code == FIRST_LONG + (int)i || code == option_table[i].letter) {
            return &option_table[i];
        }
    }
    return NULL;
}

static int apply(const struct option_info *info, struct options *options, char *argument, struct error *error)
{
    for (int whom = 0; whom < WHOM_COUNT; whom++) {
        if ((info->whom & (1 << whom)) == 0) {
            options->misfits[whom] = info->name;
        }
    }
    return info->set(options, argument, error) == 0 ? 0 : error_prefix(error, "--%s", info->name);
}

/* getopt leaves the letter in optopt; for long names it is 0 or a code of ours, and the word stands before optind. */
static int complain_option(char **argv, int code, struct error *error)
{
    const struct option_info *info = optopt != 0 ? find_option(optopt) : NULL;

    if (code == ':' && info != NULL) {
        return error_set(error, "--%s: needs %s", info->name, info->argument);
    }
    if (info != NULL) {
        return error_set(error, "--%s: takes no argument", info->name);
    }
    if (optopt > 0 && optopt < FIRST_LONG) {
        return error_set(error, "-%c: no such option", optopt);
    }
    return error_set(error, "%.100s: no such option, or short for several", argv[optind - 1]);
}

int options_read(int argc, char **argv, struct options *options, struct error *error)
{
    struct spelled spelled;
    int code;

    *options = (struct options){
        .base = "",
        .filter = "(mail=%m)",
        .bind_dn = "",
        .scope = 2,
        .max_entries = MAX_ENTRIES,
        .timeout_ms = 10000,
        .format = FORMAT_TEXT,
    };
    trust_init(&options->trust);
    buffer_init(&options->password, OPTIONS_SECRET_MAX);
    buffer_init(&options->token, OPTIONS_SECRET_MAX);
    spell(&spelled);
    optind = 0; /* starts anew, also for a second call in tests */
    opterr = 0;
    while ((code = getopt_long(argc, argv, spelled.letters, spelled.names, NULL)) != -1) {
        const struct option_info *info = code != ':' && code != '?' ? find_option(code) : NULL;
        if (info == NULL) {
            return complain_option(argv, code, error);
        }
        if (apply(info, options, optarg, error) != 0) {
            return -1;
        }
    }
    options->addresses = (const char *const *)argv + optind;
    options->address_count = (size_t)(argc - optind);
    return 0;
}

static void wipe(struct buffer *secret)
{
    if (secret->data != NULL) {
        explicit_bzero(secret->data, secret->capacity);
    }
    buffer_free(secret);
}

void options_free(struct options *options)
{
    wipe(&options->password);
    wipe(&options->token);
    trust_free(&options->trust);
    free(options->uri_text);
    free(options->anchor_text);
    options->uri_text = options->anchor_text = NULL;
}

static void write_row(struct buffer *out, const struct option_info *info)
{
    char letter[] = {'-', info->letter, ',', '\0'};
    struct buffer names;

    buffer_init(&names, 80);
    buffer_append_format(&names, "  %-3s --%s%s%s", info->letter != 0 ? letter : "", info->name,
                         info->argument != NULL ? " " : "", info->argument != NULL ? info->argument : "");
    const char *line = info->help;
    const char *end = strchr(line, '\n');
    buffer_append_format(out, "%-27s %.*s\n", buffer_string(&names), end != NULL ? (int)(end - line) : 80, line);
    if (end != NULL) {
        buffer_append_format(out, "%-27s %s\n", "", end + 1);
    }
    buffer_free(&names);
}

void options_write_help(struct buffer *out)
{
    buffer_append_string(out, "usage: certlookup -H URI [-b BASE] [options] ADDRESS...\n"
                              "       certlookup -u URL [options] ADDRESS...\n"
                              "       certlookup -u URL --token-file FILE --purge ADDRESS|DOMAIN|all\n"
                              "       certlookup --inspect [options] FILE... [ADDRESS]\n"
                              "       certlookup --anchors [-o json] FILE...\n"
                              "\n"
                              "Which certificate may I encrypt to, for this mail address? Asks an LDAP\n"
                              "directory as ldapsearch would, or a certlookup gateway, and shows each value\n"
                              "with its verdict. ADDRESS - reads addresses from standard input. --inspect\n"
                              "judges what files hold: PEM, DER, PKCS#7, SST, LDIF; FILE - is standard input.\n");
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].heading != NULL) {
            buffer_append_format(out, "\n%s:\n", option_table[i].heading);
        }
        write_row(out, &option_table[i]);
    }
    buffer_append_string(out, "\nExit status: 0 found, 1 none, 2 unknown, 64 wrong usage, 74 output failed.\n");
}
