#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/options.h"
#include "cli/options_table.h"
#include "cli/password.h"
#include "fetch/fetcher.h"
#include "x509/need.h"

#define SYSTEM_ANCHORS "/etc/ssl/certs/ca-certificates.crt"

static int find_whom(struct options *options, struct error *error)
{
    const bool given[WHOM_COUNT] = {options->uri_count > 0, options->gateway != NULL, options->inspect};
    int count = 0;

    for (int whom = 0; whom < WHOM_COUNT; whom++) {
        if (given[whom]) {
            options->whom = (enum whom)whom;
            count++;
        }
    }
    if (count > 1) {
        return error_set(error, options->inspect ? "--inspect looks into files: neither -H nor -u goes with it"
                                                 : "-H asks a directory and -u a gateway: only one of them");
    }
    return count == 1 ? 0
                      : error_set(error, "whom to ask? -H ldap://HOST for a directory, -u http://HOST for a gateway "
                                         "(certlookup --help says more)");
}

static int check_whom(struct options *options, struct error *error)
{
    static const char *const words[] = {
        [WHOM_DIRECTORY] = "only for a gateway (-u)",
        [WHOM_GATEWAY] = "not with a gateway (-u), which has its own",
        [WHOM_FILES] = "not with --inspect, which asks nobody",
    };
    const char *misfit;

    if (find_whom(options, error) != 0) {
        return -1;
    }
    misfit = options->misfits[options->whom];
    return misfit == NULL ? 0 : error_set(error, "--%s: %s", misfit, words[options->whom]);
}

/* The operands of --inspect: files, and in the end perhaps an address, which no file is called by chance. */
static void part_operands(struct options *options)
{
    const char *last = options->address_count > 0 ? options->addresses[options->address_count - 1] : "";

    options->files = options->addresses;
    options->file_count = options->address_count;
    options->address_count = 0;
    if (strchr(last, '@') != NULL && access(last, F_OK) != 0) {
        options->file_count--;
        options->addresses += options->file_count;
        options->address_count = 1;
    }
}

static int check_files(const struct options *options, struct error *error)
{
    size_t standard_inputs = 0;

    if (options->file_count == 0) {
        return error_set(error, "--inspect: which files?");
    }
    if (options->file_count > OPTIONS_FILES_MAX) {
        return error_set(error, "--inspect: more than %d files", OPTIONS_FILES_MAX);
    }
    for (size_t i = 0; i < options->file_count; i++) {
        standard_inputs += strcmp(options->files[i], "-") == 0;
    }
    return standard_inputs < 2 ? 0 : error_set(error, "--inspect: standard input can be read only once");
}

static bool is_binary(enum format format)
{
    return format == FORMAT_DER || format == FORMAT_P7C;
}

static int check_output(const struct options *options, struct error *error)
{
    const char *name = render_formats[options->format].name;
    bool several = options->address_count > 1;

    several = several || (options->address_count == 1 && strcmp(options->addresses[0], "-") == 0);

    if (is_binary(options->format) && several) {
        return error_set(error, "--output: %s is of one address; several would run into each other", name);
    }
    if (is_binary(options->format) && isatty(STDOUT_FILENO)) {
        return error_set(error, "--output: %s is binary, not for a terminal: add > FILE, or take -o pem", name);
    }
    return 0;
}

/* Asks for nothing but that. */
static int check_purge(const struct options *options, struct error *error)
{
    if (options->address_count > 0) {
        return error_set(error, "--purge: takes one address, domain or \"all\"; what is \"%.200s\"?",
                         options->addresses[0]);
    }
    if (options->explain) {
        return error_set(error, "--purge: looks nobody up: not together with --explain");
    }
    if (options->format != FORMAT_TEXT && options->format != FORMAT_JSON) {
        return error_set(error, "--output: --purge writes text or json");
    }
    return options->token_file != NULL ? 0 : error_set(error, "--purge: needs the gateway's token: --token-file FILE");
}

/* All of them before the first question: a slip in the last one should not cost the wait for the others. */
static int check_addresses(const struct options *options, struct error *error)
{
    if (options->address_count == 0) {
        return options->inspect ? 0 : error_set(error, "which address?");
    }
    for (size_t i = 0; i < options->address_count; i++) {
        const char *text = options->addresses[i];
        struct address address;
        if (strcmp(text, "-") == 0 && options->address_count == 1) {
            return 0;
        }
        enum address_fault fault = address_parse(bytes_of_string(text), &address);
        if (fault != ADDRESS_OK) {
            return error_set(error, "%.300s: %s", text, address_fault_text(fault));
        }
    }
    return 0;
}

static int read_password(struct options *options, struct error *error)
{
    switch (options->password_from) {
    case PASSWORD_FILE:
        if (file_read_secret(options->password_file, &options->password, error) != 0) {
            return error_prefix(error, "--password-file");
        }
        break;
    case PASSWORD_PROMPT:
        if (password_ask("LDAP password: ", &options->password, error) != 0) {
            return error_prefix(error, "--ask-password");
        }
        break;
    case PASSWORD_ARGUMENT:
    case PASSWORD_NONE:
        break;
    }
    if (options->password.size != strlen(buffer_string(&options->password))) {
        return error_set(error, "--password-file: %s: holds a NUL byte", options->password_file);
    }
    return 0;
}

static int check_bind(struct options *options, struct error *error)
{
    bool has_dn = options->bind_dn[0] != '\0';

    if (has_dn && options->password_from == PASSWORD_NONE) {
        return error_set(error, "--bind-dn: needs a password: -W, -y FILE or -w PASSWORD");
    }
    if (!has_dn && options->password_from != PASSWORD_NONE) {
        return error_set(error, "--password: whose? -D DN is missing");
    }
    if (read_password(options, error) != 0) {
        return -1;
    }
    if (has_dn && options->password.size == 0) {
        return error_set(error, "--password: is empty; such a bind is anonymous, whatever the DN (RFC 4513 5.1.2)");
    }
    return 0;
}

/* Shows files, asks nobody. */
static int check_anchors_only(const struct options *options, struct error *error)
{
    const char *other = NULL;

    for (int whom = 0; whom < WHOM_COUNT; whom++) {
        other = options->misfits[whom] != NULL ? options->misfits[whom] : other;
    }
    if (other != NULL || options->inspect) {
        return error_set(error, "--anchors: reads files and asks nobody: not together with --%s",
                         other != NULL ? other : "inspect");
    }
    if (options->address_count == 0) {
        return error_set(error, "--anchors: which file?");
    }
    if (options->format != FORMAT_TEXT && options->format != FORMAT_JSON) {
        return error_set(error, "--output: --anchors writes text or json");
    }
    return 0;
}

static enum tls_mode tls_of(const struct options *options)
{
    if (strncasecmp(options->uris[0], "ldaps://", strlen("ldaps://")) == 0) {
        return TLS_LDAPS;
    }
    return options->start_tls ? TLS_STARTTLS : TLS_NONE;
}

/* A directory's faults name the gateway's settings; where an option of that name stands for it, it is meant. */
static void name_option(struct error *error)
{
    size_t size = strcspn(error->text, ":");

    for (size_t i = 0; i < option_count; i++) {
        if (strlen(option_table[i].name) == size && strncmp(option_table[i].name, error->text, size) == 0) {
            struct error fault = *error;
            error_set(error, "--%s", fault.text);
            return;
        }
    }
}

static int check_directory(struct options *options, struct error *error)
{
    if (tls_of(options) == TLS_LDAPS && options->start_tls) {
        return error_set(error, "--starttls: ldaps:// is TLS already");
    }
    if (check_bind(options, error) != 0) {
        return -1;
    }
    struct directory_config config = options_directory(options);
    if (directory_config_check(&config, error) != 0) {
        name_option(error);
        return -1;
    }
    return 0;
}

static int check_gateway(struct options *options, struct error *error)
{
    const char *url = options->gateway;

    if ((strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0) || strpbrk(url, "?#") != NULL) {
        return error_set(error, "--gateway: \"%.300s\" is not http:// or https:// with a host", url);
    }
    if (options->token_file == NULL) {
        return 0;
    }
    if (file_read_secret(options->token_file, &options->token, error) != 0) {
        return error_prefix(error, "--token-file");
    }
    return options->token.size > 0 ? 0 : error_set(error, "--token-file: %s: is empty", options->token_file);
}

/* $CERTLOOKUP_ANCHORS names files and folders as $PATH does. */
static int default_anchors(struct options *options, struct error *error)
{
    const char *list = getenv("CERTLOOKUP_ANCHORS");

    if (options->trust.anchors.count > 0) {
        return 0;
    }
    options->anchor_text = strdup(list != NULL && list[0] != '\0' ? list : SYSTEM_ANCHORS);
    if (options->anchor_text == NULL) {
        return error_set(error, "out of memory");
    }
    char *rest = options->anchor_text;
    for (char *path; (path = strsep(&rest, ":")) != NULL;) {
        if (*path != '\0' && trust_list_add(&options->trust.anchors, path, error) != 0) {
            return error_prefix(error, "CERTLOOKUP_ANCHORS");
        }
    }
    return 0;
}

static int check_crls(const struct trust_list *crls, struct error *error)
{
    for (size_t i = 0; i < crls->count; i++) {
        if (policy_is_url(crls->items[i]) && !fetch_url_is_allowed(crls->items[i], error)) {
            return error_prefix(error, "--crl: %.300s", crls->items[i]);
        }
    }
    return 0;
}

int options_check(struct options *options, struct error *error)
{
    if (options->anchors_only) {
        return check_anchors_only(options, error);
    }
    if (check_whom(options, error) != 0) {
        return -1;
    }
    if (options->inspect) {
        part_operands(options);
        if (check_files(options, error) != 0) {
            return -1;
        }
    }
    if (options->purges) {
        return check_purge(options, error) == 0 ? check_gateway(options, error) : -1;
    }
    if (check_addresses(options, error) != 0 || check_output(options, error) != 0) {
        return -1;
    }
    if (options->gateway != NULL) {
        return check_gateway(options, error);
    }
    if (default_anchors(options, error) != 0 || check_crls(&options->trust.crls, error) != 0) {
        return -1;
    }
    return options->inspect ? 0 : check_directory(options, error);
}

struct directory_config options_directory(const struct options *options)
{
    static const char *const any_domain[] = {"*"};

    return (struct directory_config){
        .name = options->uris[0],
        .uris = options->uris,
        .uri_count = options->uri_count,
        .base = options->base,
        .domains = any_domain,
        .domain_count = 1,
        .filter = options->filter,
        .bind_dn = options->bind_dn,
        .password = buffer_string(&options->password),
        .tls = tls_of(options),
        .ca_file = options->ca_file != NULL ? options->ca_file : "",
        .timeout_ms = options->timeout_ms,
        .connect_timeout_ms = options->timeout_ms,
        .connections = 1,
        .max_entries = options->max_entries,
        .max_value_bytes = MAX_VALUE_BYTES,
        .max_queued = 1 + MAX_NEEDS, /* the search, then the entries of issuers */
        .scope = options->scope,
    };
}
