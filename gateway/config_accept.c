#include <stdio.h>
#include <stdlib.h>

#include "fetch/fetcher.h"
#include "gateway/config_private.h"
#include "x509/policy_settings.h"

int accept_listen(char text[MAX_SETTING_BYTES], struct error *error)
{
    return http_listen_check(text, error);
}

int accept_origin(char text[MAX_SETTING_BYTES], struct error *error)
{
    return http_origin_check(text, error);
}

int accept_domain(char text[MAX_SETTING_BYTES], struct error *error)
{
    char pattern[MAX_DOMAIN_BYTES + 3];

    if (!address_domain_pattern_parse(text, pattern)) {
        return error_set(error, "\"%.100s\" is neither a domain nor \"*.domain\" nor \"*\"", text);
    }
    memcpy(text, pattern, strlen(pattern) + 1);
    return 0;
}

int accept_name(char text[MAX_SETTING_BYTES], struct error *error)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    if (text[strspn(text, allowed)] != '\0') {
        return error_set(error, "\"%.100s\" has characters other than letters, digits, '_', '.' and '-'", text);
    }
    return 0;
}

int accept_oid(char text[MAX_SETTING_BYTES], struct error *error)
{
    return policy_oid_check(text, error);
}

int accept_curve(char text[MAX_SETTING_BYTES], struct error *error)
{
    uint32_t bit;

    return policy_curve_parse(text, &bit, error);
}

int accept_hash(char text[MAX_SETTING_BYTES], struct error *error)
{
    uint32_t bit;

    return policy_hash_parse(text, &bit, error);
}

/* In one spelling, so that a fingerprint that stands twice is seen. */
int accept_fingerprint(char text[MAX_SETTING_BYTES], struct error *error)
{
    struct digest fingerprint;

    if (policy_fingerprint_parse(text, &fingerprint, error) != 0) {
        return -1;
    }
    digest_hex(bytes_of(fingerprint.bytes, DIGEST_BYTES), text);
    return 0;
}

int accept_prefix(char text[MAX_SETTING_BYTES], struct error *error)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~') {
            return error_set(error, "\"%.100s\" has characters other than printable ASCII", text);
        }
    }
    return 0;
}

/* What follows "Bearer" (RFC 6750 2.1). */
int accept_token(char text[MAX_SETTING_BYTES], struct error *error)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=";

    if (text[strspn(text, allowed)] != '\0') {
        return error_set(error, "the token has characters other than letters, digits and -._~+/= (RFC 6750 2.1)");
    }
    return 0;
}

int accept_network(char text[MAX_SETTING_BYTES], struct error *error)
{
    struct network network;

    return network_parse(text, &network, error);
}

int accept_proxy(char text[MAX_SETTING_BYTES], struct error *error)
{
    struct network network;

    return http_proxy_parse(text, &network, error);
}

/* As it stands in a URL: a name, or an address. */
int accept_host(char text[MAX_SETTING_BYTES], struct error *error)
{
    for (char *at = text; *at != '\0'; at++) {
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    }
    return fetch_host_is_allowed(text, error) ? 0 : -1;
}
