#include "x509/places.h"

#include <openssl/bio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/text.h"

#define HOSTLESS "ldap:///"

static const char *const schemes[] = {"http://", "https://", "ldap://"};

char *place_url(const ASN1_STRING *url)
{
    const char *text = (const char *)ASN1_STRING_get0_data(url);
    int size = ASN1_STRING_length(url);
    bool known = false;

    if (text == NULL || size <= 0 || size > MAX_NEED_URL_BYTES) {
        return NULL;
    }
    for (int i = 0; i < size; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return NULL;
        }
    }
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t length = strlen(schemes[i]);

        known = known || ((size_t)size > length && strncasecmp(text, schemes[i], length) == 0);
    }
    return known ? strndup(text, (size_t)size) : NULL;
}

/* Undoes percent-encoding in place. False: broken, or a NUL. */
static bool decode(char *text)
{
    char *out = text;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '%') {
            int high = text_hex_value(at[1]), low = high >= 0 ? text_hex_value(at[2]) : -1;

            if (low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            *out++ = (char)(high * 16 + low);
            at += 2;
        } else {
            *out++ = *at;
        }
    }
    *out = '\0';
    return true;
}

bool place_is_hostless(const char *url)
{
    return strncasecmp(url, HOSTLESS, strlen(HOSTLESS)) == 0;
}

char *place_ldap_dn(const char *url)
{
    const char *from = url + strlen(HOSTLESS);
    char *dn;

    if (!place_is_hostless(url)) {
        return NULL;
    }
    dn = strndup(from, strcspn(from, "?"));
    if (dn != NULL && (!decode(dn) || dn[0] == '\0' || strlen(dn) > MAX_DN_BYTES)) {
        free(dn);
        dn = NULL;
    }
    return dn;
}

char *place_dn(const X509_NAME *name)
{
    BIO *bio = X509_NAME_entry_count(name) > 0 ? BIO_new(BIO_s_mem()) : NULL;
    char *text = NULL, *dn = NULL;
    long size;

    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) > 0) {
        size = BIO_get_mem_data(bio, &text);
        if (size > 0 && size <= MAX_DN_BYTES && memchr(text, '\0', (size_t)size) == NULL) {
            dn = strndup(text, (size_t)size);
        }
    }
    BIO_free(bio);
    return dn;
}
