#include "ldap/remote_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ldap/link.h"
#include "ldap/settings.h"

static const char SCHEME[] = "ldap://";

static const struct {
    const char *name, *binary;
} KNOWN[REMOTE_ATTRIBUTES] = {
    {"certificateRevocationList", "certificateRevocationList;binary"},
    {"authorityRevocationList", "authorityRevocationList;binary"},
    {"deltaRevocationList", "deltaRevocationList;binary"},
    {"cACertificate", "cACertificate;binary"},
};

static bool is_asked_for(char *const *attributes, const char *name)
{
    for (size_t i = 0; attributes != NULL && attributes[i] != NULL; i++) {
        if (entry_names(bytes_of_string(attributes[i]), name)) {
            return true;
        }
    }
    return false;
}

/* RFC 5280 4.2.1.13 and 4.2.2.1: there must be attributes. Others than these hold nothing that we could use. */
static int take_attributes(struct remote_url *url, char *const *attributes, struct error *error)
{
    size_t count = 0;

    for (size_t i = 0; i < REMOTE_ATTRIBUTES; i++) {
        if (is_asked_for(attributes, KNOWN[i].name)) {
            url->names[count] = KNOWN[i].name;
            url->attributes[2 * count] = KNOWN[i].binary;
            url->attributes[2 * count + 1] = KNOWN[i].name;
            count++;
        }
    }
    return count > 0 ? 0 : error_set(error, "names no attribute that holds CRLs or issuers (RFC 5280 4.2.1.13)");
}

static int take_entry(struct remote_url *url, const LDAPURLDesc *parts, struct error *error)
{
    if (parts->lud_dn == NULL || parts->lud_dn[0] == '\0' || !settings_is_dn(parts->lud_dn)) {
        return error_set(error, "names no entry (RFC 5280 4.2.1.13)");
    }
    if (parts->lud_scope != LDAP_SCOPE_BASE && parts->lud_scope != LDAP_SCOPE_DEFAULT) {
        return error_set(error, "is for a search, not for one entry");
    }
    if (parts->lud_crit_exts > 0) {
        return error_set(error, "has a critical extension (RFC 4516 2)");
    }
    if (take_attributes(url, parts->lud_attrs, error) != 0) {
        return -1;
    }
    url->dn = strdup(parts->lud_dn);
    return url->dn != NULL ? 0 : error_set(error, "out of memory");
}

/* `size` bytes from the scheme on to the end of host and port. */
static int take_server(struct remote_url *url, const char *text, size_t size, struct error *error)
{
    char server[sizeof(SCHEME) + MAX_DOMAIN_BYTES + 16];

    if (size >= sizeof(server)) {
        return error_set(error, "the host is longer than %d bytes", MAX_DOMAIN_BYTES);
    }
    memcpy(server, text, size);
    server[size] = '\0';
    return uri_parse(server, &url->uri, error);
}

int remote_url_parse(const char *text, struct remote_url *url, struct error *error)
{
    size_t scheme = sizeof(SCHEME) - 1;
    char entry[MAX_FETCH_URL_BYTES + sizeof(SCHEME)];
    LDAPURLDesc *parts = NULL;
    int result = -1;

    *url = (struct remote_url){.dn = NULL};
    if (strnlen(text, MAX_FETCH_URL_BYTES + 1) > MAX_FETCH_URL_BYTES) {
        return error_set(error, "is longer than %d bytes", MAX_FETCH_URL_BYTES);
    }
    if (strncasecmp(text, SCHEME, scheme) != 0) {
        return error_set(error, "is no ldap URL");
    }
    size_t server = scheme + strcspn(text + scheme, "/?");

    if (take_server(url, text, server, error) != 0) {
        return -1;
    }
    (void)snprintf(entry, sizeof(entry), "%s%s", SCHEME, text + server);
    if (text[server] != '/' || ldap_url_parse(entry, &parts) != LDAP_URL_SUCCESS) {
        return error_set(error, "is no LDAP URL (RFC 4516)");
    }
    result = take_entry(url, parts, error);
    ldap_free_urldesc(parts);
    return result;
}

void remote_url_clear(struct remote_url *url)
{
    free(url->dn);
    url->dn = NULL;
}
