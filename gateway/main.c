/*
 * certlookupd: the gateway's command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/seal.h"
#include "gateway/check.h"
#include "gateway/config.h"
#include "gateway/daemon.h"
#include "http/tokens.h"

#define EXIT_USAGE 64 /* EX_USAGE of sysexits.h */

enum option_code { OPTION_LOG = 256, OPTION_NEW_KEY, OPTION_NEW_TOKEN, OPTION_SETTINGS };

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"test", no_argument, NULL, 't'},
    {"log", required_argument, NULL, OPTION_LOG},
    {"new-key", required_argument, NULL, OPTION_NEW_KEY},
    {"new-token", required_argument, NULL, OPTION_NEW_TOKEN},
    {"settings", no_argument, NULL, OPTION_SETTINGS},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static const char help[] =
    "usage: certlookupd [-c FILE] [-t] [--log text|json]\n"
    "       certlookupd --new-key FILE\n"
    "       certlookupd --new-token NAME [SCOPES [UNTIL]]\n"
    "       certlookupd --settings\n"
    "\n"
    "Serves recipient encryption certificates from LDAP directories over HTTP.\n"
    "\n"
    "  -c, --config FILE     the configuration (" SYSCONFDIR "/certlookup/certlookupd.conf)\n"
    "  -t, --test            check it, list directories and anchors, and end\n"
    "      --log text|json   the form of log lines, whatever the configuration says\n"
    "      --new-key FILE    make a seal key for redis.seal-key-file and end\n"
    "      --new-token NAME  make a token and its line for http.tokens-file, and end; SCOPES: some of\n"
    "                        lookup,explain,admin (lookup), UNTIL: a day like 2027-06-30 (never)\n"
    "      --settings        list every setting with type, default and limits\n"
    "  -V, --version         the version\n"
    "  -h, --help            this text\n"
    "\n"
    "SIGHUP reloads the configuration, SIGTERM drains and ends.\n"
    "certlookupd(8), certlookupd.conf(5)\n";

/* 32 random bytes as text, which survives editors and secret stores; never over a file that is there. */
static int make_key(const char *path)
{
    uint8_t key[SEAL_KEY_MIN_BYTES];
    char hex[2 * SEAL_KEY_MIN_BYTES + 1], line[sizeof(hex) + 1];
    digest_random(key, sizeof(key));
    snprintf(line, sizeof(line), "%s\n", digest_hex(bytes_of(key, sizeof(key)), hex));

    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        fprintf(stderr, "certlookupd: %s: %s\n", path, strerror(errno));
        return EXIT_FAILURE;
    }
    bool written = write(fd, line, strlen(line)) == (ssize_t)strlen(line) && fsync(fd) == 0;
    if (close(fd) != 0 || !written) {
        fprintf(stderr, "certlookupd: %s: %s\n", path, strerror(errno));
        unlink(path);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static int usage(const char *where, const char *what)
{
    fprintf(stderr, "certlookupd: %.200s%s\nTry 'certlookupd --help'.\n", where, what);
    return EXIT_USAGE;
}

/* The token is shown here and nowhere else: the file has its digest. */
static int make_token(const char *name, const char *scopes, const char *until)
{
    uint8_t secret[32];
    char token[2 * sizeof(secret) + 1], hex[DIGEST_HEX_BYTES];
    int64_t end;
    if (!tokens_is_name(bytes_of_string(name))) {
        return usage("--new-token", ": a name has 1 to 64 letters, digits, '_', '.' and '-'");
    }
    if (tokens_parse_scopes(bytes_of_string(scopes)) == 0) {
        return usage(scopes, ": is not lookup, explain or admin, nor several, each once: lookup,explain");
    }
    if (!tokens_parse_until(bytes_of_string(until), &end)) {
        return usage(until, ": is neither a day, like 2027-06-30, nor never");
    }
    if (end <= clock_wall_s()) {
        return usage(until, ": that day is over, and the token would open nothing");
    }
    digest_random(secret, sizeof(secret));
    digest_hex(bytes_of(secret, sizeof(secret)), token);
    struct digest digest = digest_sha256(bytes_of_string(token));
    printf("token: %s\nline:  %s %s %s %s\n", token, name,
           digest_hex(bytes_of(digest.bytes, sizeof(digest.bytes)), hex), scopes, until);
    explicit_bzero(secret, sizeof(secret));
    explicit_bzero(token, sizeof(token));
    return EXIT_SUCCESS;
}

static int print_settings(void)
{
    struct buffer settings;
    buffer_init(&settings, 1024 * 1024);
    config_write_settings(&settings);
    fputs(buffer_string(&settings), stdout);
    buffer_free(&settings);
    return EXIT_SUCCESS;
}

static bool is_known(int code)
{
    const struct option *option = long_options;

    while (option->name != NULL && option->val != code) {
        option++;
    }
    return option->name != NULL;
}

/* getopt leaves the letter in optopt; for long names it is 0 or a code of ours, and the word stands before optind. */
static int refuse_option(char **argv, int code)
{
    char letter[] = {'-', (char)optopt, '\0'};
    const char *where = optopt > 0 && optopt < OPTION_LOG ? letter : argv[optind - 1];

    if (code == ':') {
        return usage(where, ": needs an argument");
    }
    return usage(where, is_known(optopt) ? ": takes no argument" : ": no such option, or short for several");
}

int main(int argc, char **argv)
{
    const char *config = SYSCONFDIR "/certlookup/certlookupd.conf", *log_word = NULL;
    const char *new_token = NULL;
    bool test = false;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":c:tVh", long_options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            config = optarg;
            break;
        case 't':
            test = true;
            break;
        case OPTION_LOG:
            if (strcmp(optarg, "text") != 0 && strcmp(optarg, "json") != 0) {
                return usage("--log", ": takes text or json");
            }
            log_word = optarg;
            break;
        case OPTION_NEW_KEY:
            return make_key(optarg);
        case OPTION_NEW_TOKEN:
            new_token = optarg;
            break;
        case OPTION_SETTINGS:
            return print_settings();
        case 'V':
            puts("certlookupd " VERSION);
            return EXIT_SUCCESS;
        case 'h':
            fputs(help, stdout);
            return EXIT_SUCCESS;
        default:
            return refuse_option(argv, option);
        }
    }
    if (new_token != NULL && argc - optind <= 2) {
        return make_token(new_token, argc > optind ? argv[optind] : "lookup",
                          argc > optind + 1 ? argv[optind + 1] : "never");
    }
    if (new_token != NULL) {
        return usage(argv[optind + 2], ": --new-token takes a name, what for, and until when");
    }
    if (optind < argc) {
        return usage(argv[optind], ": there are no arguments besides options");
    }
    return test ? check_configuration(config) : daemon_run(config, log_word);
}
