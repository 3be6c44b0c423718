#include "ldap/settings.h"

#include <errno.h>
#include <ldap.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "ldap/filter.h"
#include "ldap/sync_names.h"
#include "ldap/uri.h"

static const char *const TLS_WORDS[] = {[TLS_NONE] = "none", [TLS_LDAPS] = "ldaps", [TLS_STARTTLS] = "starttls"};

/* StartTLS on a socket in the file system protects nothing, and there is no host name to verify. */
static bool tls_fits(enum uri_scheme scheme, enum tls_mode tls)
{
    switch (scheme) {
    case URI_LDAP:
        return tls == TLS_NONE || tls == TLS_STARTTLS;
    case URI_LDAPS:
        return tls == TLS_LDAPS;
    case URI_LDAPI:
        return tls == TLS_NONE;
    }
    return false;
}

static int check_uris(const struct directory_config *config, struct error *error)
{
    if (config->uri_count == 0 || config->uri_count > MAX_URIS) {
        return error_set(error, "uri: there must be 1 to %d", MAX_URIS);
    }
    for (size_t i = 0; i < config->uri_count; i++) {
        struct uri uri;

        if (uri_parse(config->uris[i], &uri, error) != 0) {
            return error_prefix(error, "uri: \"%s\"", config->uris[i]);
        }
        if (!tls_fits(uri.scheme, config->tls)) {
            return error_set(error, "tls: \"%s\" does not fit the uri %s", TLS_WORDS[config->tls], config->uris[i]);
        }
    }
    return 0;
}

bool settings_is_dn(const char *dn)
{
    LDAPDN parsed = NULL;

    if (!text_is_utf8(bytes_of_string(dn)) || ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS) {
        return false;
    }
    ldap_dnfree(parsed);
    return true;
}

static int check_dn(const char *setting, const char *dn, struct error *error)
{
    return settings_is_dn(dn) ? 0 : error_set(error, "%s: is not a distinguished name (RFC 4514)", setting);
}

/* RFC 4513 5.1.2: a name with an empty password is an anonymous bind that looks like a successful login. */
static int check_bind(const struct directory_config *config, struct error *error)
{
    if (config->bind_dn[0] == '\0') {
        return config->password[0] == '\0' ? 0 : error_set(error, "password-file: without a bind-dn it serves nothing");
    }
    if (config->password[0] == '\0') {
        return error_set(error, "bind-dn: needs a password; with an empty one the bind would be anonymous "
                                "(RFC 4513 5.1.2)");
    }
    return check_dn("bind-dn", config->bind_dn, error);
}

static int check_domains(const struct directory_config *config, struct error *error)
{
    if (config->domain_count == 0 || config->domain_count > MAX_DOMAINS) {
        return error_set(error, "domains: there must be 1 to %d", MAX_DOMAINS);
    }
    for (size_t i = 0; i < config->domain_count; i++) {
        char pattern[MAX_DOMAIN_BYTES + 3];

        if (!address_domain_pattern_parse(config->domains[i], pattern)) {
            return error_set(error, "domains: \"%s\" is not a domain, *.domain or *", config->domains[i]);
        }
    }
    return 0;
}

static int check_ca_file(const struct directory_config *config, struct error *error)
{
    struct stat state;

    if (config->ca_file[0] == '\0') {
        return 0;
    }
    if (stat(config->ca_file, &state) != 0 || access(config->ca_file, R_OK) != 0) {
        return error_set(error, "ca-file: %s: %s", config->ca_file, strerror(errno));
    }
    return S_ISREG(state.st_mode) ? 0 : error_set(error, "ca-file: %s: is not a file", config->ca_file);
}

static int check_numbers(const struct directory_config *config, struct error *error)
{
    const struct {
        const char *setting;
        int64_t value, least, most;
    } rows[] = {
        {"timeout", config->timeout_ms, 1, 3600 * 1000},
        {"connect-timeout", config->connect_timeout_ms, 1, 3600 * 1000},
        {"connections", config->connections, 1, 64},
        {"entries", config->max_entries, 1, MAX_ENTRIES},
        {"value-size", config->max_value_bytes, 1, MAX_VALUE_BYTES},
        {"queue", config->max_queued, 1, 1000 * 1000},
        {"scope", config->scope, LDAP_SCOPE_BASE, LDAP_SCOPE_SUBTREE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].value < rows[i].least || rows[i].value > rows[i].most) {
            return error_set(error, "%s: must be from %lld to %lld", rows[i].setting, (long long)rows[i].least,
                             (long long)rows[i].most);
        }
    }
    return 0;
}

static int check_sync(const struct directory_config *config, struct error *error)
{
    struct sync_names ignored;

    if (config->warm && !config->sync) {
        return error_set(error, "warm: needs sync: without it nothing tells what changed");
    }
    if (config->sync && config->sync_bytes < 1) {
        return error_set(error, "sync-memory: must be at least 1");
    }
    return config->sync && sync_names_make(config, &ignored, error) != 0 ? error_prefix(error, "sync") : 0;
}

int directory_config_check(const struct directory_config *config, struct error *error)
{
    if (config->name == NULL || config->name[0] == '\0') {
        return error_set(error, "name: is empty");
    }
    if (check_uris(config, error) != 0 || check_dn("base", config->base, error) != 0 ||
        check_domains(config, error) != 0 || check_bind(config, error) != 0 || check_ca_file(config, error) != 0 ||
        check_numbers(config, error) != 0) {
        return -1;
    }
    if (filter_check(config->filter, error) != 0) {
        return error_prefix(error, "filter");
    }
    return check_sync(config, error);
}

bool directory_serves(const struct directory_config *config, const char *domain)
{
    for (size_t i = 0; i < config->domain_count; i++) {
        if (address_domain_matches(domain, config->domains[i])) {
            return true;
        }
    }
    return false;
}

/* A chain of hashes instead of a stream: nothing in it can run out of memory. */
static void mix(struct digest *digest, struct bytes part)
{
    struct digest both[2] = {*digest, digest_sha256(part)};

    *digest = digest_sha256(bytes_of(both, sizeof(both)));
}

static void mix_number(struct digest *digest, int64_t number)
{
    uint8_t big_endian[8];

    for (size_t i = 0; i < sizeof(big_endian); i++) {
        big_endian[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
    }
    mix(digest, bytes_of(big_endian, sizeof(big_endian)));
}

struct digest directory_fingerprint(const struct directory_config *config)
{
    struct digest digest = {0};

    mix_number(&digest, (int64_t)config->uri_count);
    for (size_t i = 0; i < config->uri_count; i++) {
        mix(&digest, bytes_of_string(config->uris[i]));
    }
    mix(&digest, bytes_of_string(config->base));
    mix(&digest, bytes_of_string(config->filter));
    mix(&digest, bytes_of_string(config->bind_dn));
    mix_number(&digest, config->scope);
    mix_number(&digest, config->max_entries);
    mix_number(&digest, config->max_value_bytes);
    return digest;
}

static const char *const *copy_list(const char *const *list, size_t count)
{
    char **copy = calloc(count + 1, sizeof(*copy));

    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = strdup(list[i]);
        if (copy[i] == NULL) {
            while (i > 0) {
                free(copy[--i]);
            }
            free(copy);
            return NULL;
        }
    }
    return (const char *const *)copy;
}

static void free_list(const char *const *list, size_t count)
{
    for (size_t i = 0; list != NULL && i < count; i++) {
        free((char *)list[i]);
    }
    free((void *)list);
}

int settings_copy(const struct directory_config *config, struct directory_config *copy)
{
    *copy = *config;
    copy->name = strdup(config->name);
    copy->uris = copy_list(config->uris, config->uri_count);
    copy->base = strdup(config->base);
    copy->domains = copy_list(config->domains, config->domain_count);
    copy->filter = strdup(config->filter);
    copy->bind_dn = strdup(config->bind_dn);
    copy->password = strdup(config->password);
    copy->ca_file = strdup(config->ca_file);
    if (copy->name == NULL || copy->uris == NULL || copy->base == NULL || copy->domains == NULL ||
        copy->filter == NULL || copy->bind_dn == NULL || copy->password == NULL || copy->ca_file == NULL) {
        settings_free(copy);
        return -1;
    }
    return 0;
}

void settings_free(struct directory_config *copy)
{
    if (copy->password != NULL) {
        explicit_bzero((char *)copy->password, strlen(copy->password));
    }
    free((char *)copy->name);
    free_list(copy->uris, copy->uri_count);
    free((char *)copy->base);
    free_list(copy->domains, copy->domain_count);
    free((char *)copy->filter);
    free((char *)copy->bind_dn);
    free((char *)copy->password);
    free((char *)copy->ca_file);
    *copy = (struct directory_config){0};
}
