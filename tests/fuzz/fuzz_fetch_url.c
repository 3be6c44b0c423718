#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/url.h"
#include "ldap/remote_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What is taken for a URL has a plain host and a port, and stands in the text as it was read. */
static void check_url(const char *text)
{
    struct url url;
    struct error error = {""};
    char shown[URL_SHOWN_BYTES];

    if (url_parse(text, &url, &error) != 0) {
        must(error.text[0] != '\0');
    } else {
        must(url.host[0] != '\0' && strcasestr(text, url.host) != NULL && url.port > 0 && url.port <= 65535);
        must(strpbrk(url.host, "@/?#%\\ []") == NULL && strlen(text) <= MAX_FETCH_URL_BYTES);
    }
    must(strlen(url_shown(text, shown)) < URL_SHOWN_BYTES);
    for (const char *at = shown; *at != '\0'; at++) {
        must(*at > ' ' && *at < 0x7f && *at != '#');
    }
}

/* What is taken for an LDAP URL names a host, an entry and attributes. */
static void check_ldap(const char *text)
{
    struct remote_url url;
    struct error error = {""};

    if (remote_url_parse(text, &url, &error) != 0) {
        must(error.text[0] != '\0' && url.dn == NULL);
        return;
    }
    must(url.uri.scheme == URI_LDAP && url.uri.host[0] != '\0' && url.dn[0] != '\0');
    must(url.names[0] != NULL && url.attributes[1] != NULL && url.attributes[2 * REMOTE_ATTRIBUTES] == NULL);
    remote_url_clear(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (text != NULL) {
        memcpy(text, data, size);
        text[size] = '\0';
        check_url(text);
        check_ldap(text);
    }
    free(text);
    return 0;
}
