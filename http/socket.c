#include "http/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "http/access.h"
#include "http/http.h"

static int switch_on(int fd, int level, int option)
{
    int on = 1;

    return setsockopt(fd, level, option, &on, sizeof(on));
}

/* `shared`: other sockets of this process may be bound to it as well. */
static int bind_and_listen(const struct addrinfo *info, bool shared, const char *address, struct error *error)
{
    const char *step = "socket";
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd < 0 || (step = "SO_REUSEADDR", switch_on(fd, SOL_SOCKET, SO_REUSEADDR)) != 0 ||
        (shared && (step = "SO_REUSEPORT", switch_on(fd, SOL_SOCKET, SO_REUSEPORT)) != 0) ||
        (info->ai_family == AF_INET6 && (step = "IPV6_V6ONLY", switch_on(fd, IPPROTO_IPV6, IPV6_V6ONLY)) != 0) ||
        (step = "bind", bind(fd, info->ai_addr, info->ai_addrlen)) != 0 ||
        (step = "listen", listen(fd, SOMAXCONN)) != 0) {
        error_set(error, "\"%s\": %s: %s", address, step, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

/* What stands behind `scheme` in the address; NULL: it begins otherwise. */
static const char *behind(const char *address, const char *scheme)
{
    size_t size = strlen(scheme);

    return strncmp(address, scheme, size) == 0 ? address + size : NULL;
}

bool http_listen_is_proxied(const char *address)
{
    return behind(address, "proxy:") != NULL;
}

/* What stands behind `scheme`, or all of it. */
static const char *without(const char *address, const char *scheme)
{
    const char *rest = behind(address, scheme);

    return rest != NULL ? rest : address;
}

bool http_listen_is_tls(const char *address)
{
    return behind(without(address, "proxy:"), "https://") != NULL;
}

/* The address, without a word on what is spoken there. */
static const char *bare(const char *address)
{
    return without(without(address, "proxy:"), "https://");
}

/* The caller frees *info with freeaddrinfo(). */
static int parse_address(const char *address, struct addrinfo **info, struct error *error)
{
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
    };
    char host[64], service[8];
    uint16_t port;

    if (text_parse_host_port(bare(address), host, sizeof(host), &port, error) != 0) {
        return -1;
    }
    snprintf(service, sizeof(service), "%u", port);
    int rc = getaddrinfo(host, service, &hints, info);
    if (rc != 0) {
        return error_set(error, "\"%s\": not a numeric address with a port: %s", address, gai_strerror(rc));
    }
    return 0;
}

static const char *path_of(const char *address)
{
    return behind(bare(address), "unix:");
}

static const char *passed_name_of(const char *address)
{
    address = bare(address);
    return strcmp(address, "systemd") == 0 ? "" : behind(address, "systemd:");
}

/* What people write who have a URL in mind. */
static int check_scheme(const char *address, struct error *error)
{
    const char *rest = bare(address);
    size_t http = strlen("http://"), https = strlen("https:");

    if (strncasecmp(rest, "http://", http) == 0) {
        return error_set(error, "\"%s\": nothing stands before an address without TLS: write \"%.*s\"", address,
                         (int)strcspn(rest + http, "/"), rest + http);
    }
    if (strncasecmp(rest, "https:", https) == 0) {
        rest += https + strspn(rest + https, "/");
        return error_set(error, "\"%s\": write \"https://%.*s\"", address, (int)strcspn(rest, "/"), rest);
    }
    return 0;
}

int http_listen_check(const char *address, struct error *error)
{
    struct addrinfo *info = NULL;

    if (check_scheme(address, error) != 0) {
        return -1;
    }
    if (passed_name_of(address) != NULL && strcmp(bare(address), "systemd:") == 0) {
        return error_set(error, "\"%s\" has no name: write \"systemd:NAME\", or \"systemd\" for the one socket that "
                         "is passed", address);
    }
    if (passed_name_of(address) != NULL) {
        return 0;
    }
    if (path_of(address) != NULL && http_listen_is_tls(address)) {
        return error_set(error, "\"%s\": a socket in the file system has no TLS: nobody is on the way to it", address);
    }
    if (path_of(address) != NULL) {
        return socket_path_check(path_of(address), error) == 0 ? 0 : error_prefix(error, "\"%s\"", address);
    }
    if (parse_address(address, &info, error) != 0) {
        return -1;
    }
    freeaddrinfo(info);
    return 0;
}

bool http_listen_is_local(const char *address)
{
    struct addrinfo *info = NULL;

    if (http_listen_is_proxied(address)) {
        return false; /* it is for those whom the proxy speaks for */
    }
    if (path_of(address) != NULL || passed_name_of(address) != NULL) {
        return path_of(address) != NULL;
    }
    if (parse_address(address, &info, NULL) != 0) {
        return false;
    }
    bool result = access_is_this_machine(info->ai_addr);

    freeaddrinfo(info);
    return result;
}

static void set_port(const struct addrinfo *info, uint16_t port)
{
    if (info->ai_family == AF_INET6) {
        ((struct sockaddr_in6 *)info->ai_addr)->sin6_port = htons(port);
    } else {
        ((struct sockaddr_in *)info->ai_addr)->sin_port = htons(port);
    }
}

/* The first is bound alone, so that it fails where anybody listens already, and shares only then: sockets that are
 * bound to share would do so with another process of this user, too, which was started by mistake. */
static int listen_first(const struct addrinfo *info, const char *address, bool shares, struct error *error)
{
    int fd = bind_and_listen(info, false, address, error);

    if (fd >= 0 && shares && switch_on(fd, SOL_SOCKET, SO_REUSEPORT) != 0) {
        error_set(error, "\"%s\": SO_REUSEPORT: %s", address, strerror(errno));
        close(fd);
        fd = -1;
    }
    return fd;
}

static void close_all(int *sockets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        close(sockets[i]);
    }
}

static int listen_all(const struct addrinfo *info, const char *address, int *sockets, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        sockets[i] = i == 0 ? listen_first(info, address, count > 1, error)
                            : bind_and_listen(info, true, address, error);
        if (sockets[i] < 0) {
            close_all(sockets, i);
            return -1;
        }
        if (i == 0) {
            set_port(info, socket_port(sockets[0])); /* the one that was free, if any is */
        }
    }
    return 0;
}

static int listen_tcp(const char *address, int *sockets, size_t count, struct error *error)
{
    struct addrinfo *info = NULL;

    if (parse_address(address, &info, error) != 0) {
        return -1;
    }
    int result = listen_all(info, address, sockets, count, error);
    freeaddrinfo(info);
    return result;
}

/* The same socket for all. Takes it over; -1: there was none, as `error` says. */
static int multiply(int socket, const char *address, int *sockets, size_t count, struct error *error)
{
    if (socket < 0) {
        return error_prefix(error, "\"%s\"", address);
    }
    sockets[0] = socket;
    for (size_t i = 1; i < count; i++) {
        sockets[i] = fcntl(socket, F_DUPFD_CLOEXEC, 0);
        if (sockets[i] < 0) {
            error_set(error, "\"%s\": %s", address, strerror(errno));
            socket_close_all(address, sockets, i);
            return -1;
        }
    }
    return 0;
}

int socket_listen(const char *address, int *sockets, size_t count, struct error *error)
{
    if (path_of(address) != NULL) {
        return multiply(socket_path_listen(path_of(address), error), address, sockets, count, error);
    }
    if (passed_name_of(address) != NULL) {
        return multiply(socket_passed_listen(passed_name_of(address), error), address, sockets, count, error);
    }
    return listen_tcp(address, sockets, count, error);
}

void socket_close_all(const char *address, int *sockets, size_t count)
{
    close_all(sockets, count);
    if (path_of(address) != NULL) {
        socket_path_remove(path_of(address));
    }
}

union bound {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
};

static bool find_bound(int socket, union bound *bound)
{
    socklen_t size = sizeof(*bound);

    return getsockname(socket, &bound->any, &size) == 0;
}

bool socket_is_local(int socket)
{
    union bound bound;

    return find_bound(socket, &bound) && access_is_this_machine(&bound.any);
}

uint16_t socket_port(int socket)
{
    union bound bound;

    if (!find_bound(socket, &bound)) {
        return 0;
    }
    return bound.any.sa_family == AF_INET6  ? ntohs(bound.v6.sin6_port)
           : bound.any.sa_family == AF_INET ? ntohs(bound.v4.sin_port) : 0;
}
