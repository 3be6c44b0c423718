#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "base/text.h"
#include "cache/redis_private.h"

#define PORT_DEFAULT "6379"
#define URI_MAX 1024
#define DATABASE_MAX 1000000

static const struct scheme {
    const char *prefix;
    int (*parse)(char *rest, struct endpoint *endpoint, struct error *error);
    bool tls;
} schemes[];

/* Percent-decodes in place (RFC 3986 2.1). */
static int decode(char *text, const char *what, struct error *error)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        char digits[3] = {0};
        char octet = *from;

        if (octet == '%') {
            if (!isxdigit((unsigned char)from[1]) || !isxdigit((unsigned char)from[2])) {
                return error_set(error, "uri: the %s has a %% without two hexadecimal digits after it", what);
            }
            memcpy(digits, from + 1, 2);
            octet = (char)strtol(digits, NULL, 16);
            from += 2;
        }
        if (octet == '\0') {
            return error_set(error, "uri: the %s has a NUL in it", what);
        }
        *to++ = octet;
    }
    *to = '\0';
    return 0;
}

static int replace(char **string, const char *with, struct error *error)
{
    char *copy = strdup(with);

    if (copy == NULL) {
        return error_set(error, "uri: out of memory");
    }
    free(*string);
    *string = copy;
    return 0;
}

static int parse_database(const char *text, struct endpoint *endpoint, struct error *error)
{
    int64_t number = 0;

    if (*text == '\0') {
        return 0;
    }
    if (text_parse_number(text, &number, NULL) != 0 || number > DATABASE_MAX) {
        return error_set(error, "uri: \"%s\" is not the number of a database", text);
    }
    endpoint->database = (int)number;
    return 0;
}

static int parse_userinfo(char *userinfo, struct endpoint *endpoint, struct error *error)
{
    char *password = strchr(userinfo, ':');

    if (password != NULL) {
        *password++ = '\0';
        if (decode(password, "password", error) != 0 || replace(&endpoint->password, password, error) != 0) {
            return -1;
        }
    }
    return decode(userinfo, "user", error) != 0 ? -1 : replace(&endpoint->username, userinfo, error);
}

static int parse_host_port(const char *authority, struct endpoint *endpoint, struct error *error)
{
    const char *after = strrchr(authority, ']');
    bool has_port = strchr(after != NULL ? after : authority, ':') != NULL;
    char whole[URI_MAX + sizeof(PORT_DEFAULT) + 1], host[MAX_DOMAIN_BYTES + 1];

    snprintf(whole, sizeof(whole), "%s%s", authority, has_port ? "" : ":" PORT_DEFAULT);
    if (text_parse_host_port(whole, host, sizeof(host), &endpoint->port, error) != 0) {
        error_prefix(error, "uri");
        return -1;
    }
    if (host[0] == '\0' || endpoint->port == 0) {
        return error_set(error, "uri: \"%s\" is not a host with a port", whole);
    }
    return replace(&endpoint->host, host, error);
}

/* [user[:password]@]host[:port][/db] */
static int parse_tcp(char *rest, struct endpoint *endpoint, struct error *error)
{
    char *path = strchr(rest, '/');
    char *at;

    if (strchr(rest, '?') != NULL) {
        return error_set(error, "uri: nothing may follow a '?' here");
    }
    if (path != NULL) {
        *path++ = '\0';
    }
    at = strchr(rest, '@');
    if (at != NULL && strchr(at + 1, '@') != NULL) {
        return error_set(error, "uri: an '@' in the user or password is written %%40");
    }
    if (at != NULL) {
        *at = '\0';
        if (parse_userinfo(rest, endpoint, error) != 0) {
            return -1;
        }
        rest = at + 1;
    }
    if (parse_host_port(rest, endpoint, error) != 0 || (path != NULL && parse_database(path, endpoint, error) != 0)) {
        return -1;
    }
    return 0;
}

/* /path[?db=n] */
static int parse_unix(char *rest, struct endpoint *endpoint, struct error *error)
{
    char *query = strchr(rest, '?');

    if (query != NULL) {
        *query++ = '\0';
        if (strncmp(query, "db=", 3) != 0 || query[3] == '\0') {
            return error_set(error, "uri: of a unix socket, only ?db=n may follow the path");
        }
        if (parse_database(query + 3, endpoint, error) != 0) {
            return -1;
        }
    }
    if (rest[0] != '/' || rest[1] == '\0') {
        return error_set(error, "uri: a unix socket is redis+unix:// and an absolute path");
    }
    if (decode(rest, "path", error) != 0) {
        return -1;
    }
    if (strlen(rest) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
        return error_set(error, "uri: the path of the unix socket is over %zu bytes",
                         sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
    }
    return replace(&endpoint->path, rest, error);
}

static const struct scheme schemes[] = {
    {"redis://", parse_tcp, false},
    {"rediss://", parse_tcp, true},
    {"redis+unix://", parse_unix, false},
};

static int check_characters(const char *uri, struct error *error)
{
    if (strlen(uri) > URI_MAX) {
        return error_set(error, "uri: is over %d bytes", URI_MAX);
    }
    for (const char *c = uri; *c != '\0'; c++) {
        if (*c <= ' ' || *c == 0x7f || *c == '#') {
            return error_set(error, "uri: has a space, a control character, an octet outside ASCII or a '#' in it");
        }
    }
    return 0;
}

static int show(struct endpoint *endpoint, struct error *error)
{
    char shown[URI_MAX * 2];

    if (*endpoint->path != '\0') {
        snprintf(shown, sizeof(shown), "%s", endpoint->path);
    } else {
        snprintf(shown, sizeof(shown), strchr(endpoint->host, ':') != NULL ? "[%s]:%u" : "%s:%u", endpoint->host,
                 endpoint->port);
    }
    return replace(&endpoint->shown, shown, error);
}

int endpoint_parse(const char *uri, struct endpoint *endpoint, struct error *error)
{
    const struct scheme *scheme = NULL;
    char *copy = NULL;
    int result = -1;

    *endpoint = (struct endpoint){0};
    if (check_characters(uri, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (strncasecmp(uri, schemes[i].prefix, strlen(schemes[i].prefix)) == 0) {
            scheme = &schemes[i];
        }
    }
    if (scheme == NULL) {
        return error_set(error, "uri: does not begin with redis://, rediss:// or redis+unix://");
    }
    if (replace(&endpoint->host, "", error) != 0 || replace(&endpoint->path, "", error) != 0 ||
        replace(&endpoint->username, "", error) != 0 || replace(&endpoint->password, "", error) != 0) {
        goto out;
    }
    endpoint->tls = scheme->tls;
    copy = strdup(uri + strlen(scheme->prefix));
    if (copy == NULL) {
        error_set(error, "uri: out of memory");
        goto out;
    }
    if (scheme->parse(copy, endpoint, error) == 0 && show(endpoint, error) == 0) {
        result = 0;
    }
    explicit_bzero(copy, strlen(uri) - strlen(scheme->prefix));
out:
    free(copy);
    if (result != 0) {
        endpoint_free(endpoint);
    }
    return result;
}

void endpoint_free(struct endpoint *endpoint)
{
    if (endpoint->password != NULL) {
        explicit_bzero(endpoint->password, strlen(endpoint->password));
    }
    free(endpoint->host);
    free(endpoint->path);
    free(endpoint->username);
    free(endpoint->password);
    free(endpoint->shown);
    *endpoint = (struct endpoint){0};
}
