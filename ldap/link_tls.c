#include <unistd.h>

#include "ldap/link.h"

/* Where systems keep the authorities that they trust; libldap looks nowhere unless told. */
static const char *const SYSTEM_CA_FILES[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

static const char *ca_file_of(const struct directory_config *config)
{
    if (config->ca_file[0] != '\0') {
        return config->ca_file;
    }
    for (size_t i = 0; i < sizeof(SYSTEM_CA_FILES) / sizeof(SYSTEM_CA_FILES[0]); i++) {
        if (access(SYSTEM_CA_FILES[i], R_OK) == 0) {
            return SYSTEM_CA_FILES[i];
        }
    }
    return SYSTEM_CA_FILES[0];
}

static int set_tls_options(struct link *link, const char *ca_file, struct error *error)
{
    static const struct {
        int option, value;
    } ROWS[] = {
        {LDAP_OPT_X_TLS_REQUIRE_CERT, LDAP_OPT_X_TLS_DEMAND},
        /* A subject's common name counts only where there is no subjectAltName (RFC 6125 6.4.4). */
        {LDAP_OPT_X_TLS_REQUIRE_SAN, LDAP_OPT_X_TLS_TRY},
        {LDAP_OPT_X_TLS_PROTOCOL_MIN, LDAP_OPT_X_TLS_PROTOCOL_TLS1_2},
    };
    const int is_server = 0, no_lists = LDAP_OPT_X_TLS_CRL_NONE;

    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        if (ldap_set_option(link->handle, ROWS[i].option, &ROWS[i].value) != LDAP_OPT_SUCCESS) {
            return error_set(error, "libldap refuses an option for TLS");
        }
    }
    (void)ldap_set_option(link->handle, LDAP_OPT_X_TLS_PEERKEY_HASH, NULL);
    (void)ldap_set_option(link->handle, LDAP_OPT_X_TLS_CRLCHECK, &no_lists); /* GnuTLS has no such option */
    if (ldap_set_option(link->handle, LDAP_OPT_X_TLS_CACERTFILE, ca_file) != LDAP_OPT_SUCCESS ||
        ldap_set_option(link->handle, LDAP_OPT_X_TLS_NEWCTX, &is_server) != LDAP_OPT_SUCCESS) {
        return error_set(error, "cannot use the authorities in %s", ca_file);
    }
    return 0;
}

static int start_tls(struct link *link, struct error *error)
{
    ber_int_t request = 0;

    if (ldap_start_tls(link->handle, NULL, NULL, &request) != LDAP_SUCCESS) {
        return link_error(link, error);
    }
    return link_wait(link, request, error) == LDAP_SUCCESS ? 0 : -1;
}

/* Always -1. */
static int refuse_version(const char *version, struct error *error)
{
    return error_set(error, "the server speaks %s, and TLS 1.2 is the least", version);
}

/* With GnuTLS libldap ignores LDAP_OPT_X_TLS_PROTOCOL_MIN, and loses memory with each LDAP_OPT_X_TLS_CIPHER_SUITE. So
 * what was agreed upon is looked at, before anything is said. With OpenSSL nothing older is. */
static int check_version(struct link *link, struct error *error)
{
    static const char *const GOOD[] = {"TLS1.2", "TLS1.3", "TLSv1.2", "TLSv1.3"};
    char *version = NULL;
    int result = -1;

    ldap_get_option(link->handle, LDAP_OPT_X_TLS_VERSION, &version);
    for (size_t i = 0; version != NULL && i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
        if (strcmp(version, GOOD[i]) == 0) {
            result = 0;
        }
    }
    if (result != 0) {
        refuse_version(version != NULL ? version : "no TLS", error);
    }
    ldap_memfree(version);
    return result;
}

enum complaint { COMPLAINT_OTHER, COMPLAINT_CERTIFICATE, COMPLAINT_VERSION };

static enum complaint complaint_of(const char *diagnostic)
{
    static const struct {
        const char *words;
        enum complaint complaint;
    } ROWS[] = {
        /* With GnuTLS, libldap has no words for a certificate that it refuses. */
        {"unknown error", COMPLAINT_CERTIFICATE},
        {"certificate verify failed", COMPLAINT_CERTIFICATE},
        {"peer certificate", COMPLAINT_CERTIFICATE},
        {"alert protocol version", COMPLAINT_VERSION},
        {"unsupported protocol", COMPLAINT_VERSION},
    };

    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        if (strstr(diagnostic, ROWS[i].words) != NULL) {
            return ROWS[i].complaint;
        }
    }
    return COMPLAINT_OTHER;
}

/* With OpenSSL, libldap knows more: "error:0A000086:SSL routines::certificate verify failed (certificate has expired)",
 * "TLS: hostname does not match subjectAltName in peer certificate". What stands behind the last colon is for people.
 * Always -1. */
static int refuse_certificate(const char *diagnostic, const char *ca_file, struct error *error)
{
    const char *colon = strrchr(diagnostic, ':');
    const char *more = colon != NULL ? colon + 1 + strspn(colon + 1, " ") : "";

    return error_set(error, "the server's certificate is not valid, not for this host, or not from an authority in "
                     "%s%s%s", ca_file, colon != NULL ? ": " : "", more);
}

/* Why ldap_install_tls() failed. Always -1. */
static int handshake_error(struct link *link, const char *ca_file, struct error *error)
{
    char *diagnostic = NULL;

    ldap_get_option(link->handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &diagnostic);
    const char *words = diagnostic != NULL && diagnostic[0] != '\0' ? diagnostic : "the handshake failed";

    switch (complaint_of(words)) {
    case COMPLAINT_CERTIFICATE:
        refuse_certificate(words, ca_file, error);
        break;
    case COMPLAINT_VERSION:
        refuse_version("an older TLS", error);
        break;
    case COMPLAINT_OTHER:
        error_set(error, "%s", words);
        break;
    }
    link_clean(error->text);
    ldap_memfree(diagnostic);
    return -1;
}

int link_secure(struct link *link, const struct directory_config *config, struct error *error)
{
    const char *ca_file = ca_file_of(config);

    if (config->tls == TLS_NONE) {
        return 0;
    }
    if (set_tls_options(link, ca_file, error) != 0) {
        return -1;
    }
    if (config->tls == TLS_STARTTLS && start_tls(link, error) != 0) {
        return error_prefix(error, "StartTLS refused");
    }
    if (ldap_install_tls(link->handle) != LDAP_SUCCESS) {
        return handshake_error(link, ca_file, error);
    }
    return check_version(link, error);
}
