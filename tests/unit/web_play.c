#include "tests/unit/web_play.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static struct addrinfo *new_address(const char *text, const char *service, int socktype)
{
    struct addrinfo *info = calloc(1, sizeof(*info) + sizeof(struct sockaddr_storage));

    if (info == NULL) {
        return NULL;
    }
    struct sockaddr_storage *storage = (struct sockaddr_storage *)(info + 1);
    struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;
    in_port_t port = htons((uint16_t)(service != NULL ? strtoul(service, NULL, 10) : 0));

    info->ai_addr = (struct sockaddr *)storage;
    info->ai_socktype = socktype;
    info->ai_protocol = IPPROTO_TCP;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_port = port;
        info->ai_addrlen = sizeof(*v4);
        info->ai_family = AF_INET;
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_port = port;
        info->ai_addrlen = sizeof(*v6);
        info->ai_family = AF_INET6;
    } else {
        free(info);
        return NULL;
    }
    storage->ss_family = (sa_family_t)info->ai_family;
    return info;
}

static bool say(struct web *web, int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        atomic_fetch_add(&web->sent, (size_t)sent);
        text += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool say_first(struct web *web, int fd, const char *text)
{
    char said[8192];
    const char *mark = strstr(text, "%PORT%");

    if (mark == NULL) {
        return say(web, fd, text, strlen(text));
    }
    int size = snprintf(said, sizeof(said), "%.*s%d%s", (int)(mark - text), text, web->port, mark + strlen("%PORT%"));

    return say(web, fd, said, (size_t)size);
}

static void serve_page(struct web *web, int fd, const struct web_page *page)
{
    struct pollfd gone = {.fd = fd, .events = POLLIN};
    bool goes_on = say_first(web, fd, page->first);

    for (size_t i = 0; i < page->repeat && goes_on; i++) {
        goes_on = (page->pause_ms == 0 || poll(&gone, 1, page->pause_ms) == 0) &&
                  say(web, fd, page->again, strlen(page->again));
    }
    if (page->wait_ms > 0) {
        (void)poll(&gone, 1, page->wait_ms);
    }
}

/* Whether header and announced body are here. */
static bool is_whole(const char *request, size_t size)
{
    const char *end = strstr(request, "\r\n\r\n");
    const char *field = strcasestr(request, "\r\nContent-Length:");

    return end != NULL && (field == NULL || size - (size_t)(end + 4 - request) >= strtoul(field + 17, NULL, 10));
}

static const struct web_page *find_page(const struct web *web, const char *target)
{
    const struct web_page *page = web->pages;

    while (page->path != NULL && (strlen(page->path) != strcspn(target, "? ") ||
                                  strncmp(target, page->path, strlen(page->path)) != 0)) {
        page++;
    }
    return page->path != NULL ? page : NULL;
}

static void *talk_main(void *context)
{
    struct web_talk *talk = context;
    struct web *web = talk->web;
    char request[WEB_REQUEST_BYTES] = "";
    size_t size = 0;

    while (size < sizeof(request) - 1 && !is_whole(request, size)) {
        ssize_t got = recv(talk->fd, request + size, sizeof(request) - 1 - size, 0);

        if (got <= 0) {
            break;
        }
        size += (size_t)got;
        request[size] = '\0';
    }
    if (size > 0) {
        const char *target = strchr(request, ' ');
        const struct web_page *page = target != NULL ? find_page(web, target + 1) : NULL;

        atomic_fetch_add(&web->requests, 1);
        pthread_mutex_lock(&web->lock);
        memcpy(web->last, request, sizeof(request));
        pthread_mutex_unlock(&web->lock);
        if (page != NULL) {
            serve_page(web, talk->fd, page);
        }
    }
    (void)shutdown(talk->fd, SHUT_RDWR);
    return NULL;
}

static void *web_main(void *context)
{
    struct web *web = context;
    int fd;

    while ((fd = accept4(web->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        struct web_talk *talk = &web->talks[web->talk_count];

        atomic_fetch_add(&web->connections, 1);
        *talk = (struct web_talk){.web = web, .fd = fd};
        if (web->talk_count == WEB_TALKS - 1 || pthread_create(&talk->thread, NULL, talk_main, talk) != 0) {
            close(fd);
        } else {
            web->talk_count++;
        }
    }
    return NULL;
}

bool web_start(struct web *web, const struct web_page *pages, int port)
{
    return web_start_at(web, pages, port, "127.0.0.1");
}

bool web_start_at(struct web *web, const struct web_page *pages, int port, const char *address)
{
    char service[8];
    int yes = 1;

    memset(web, 0, sizeof(*web));
    web->pages = pages;
    pthread_mutex_init(&web->lock, NULL);
    (void)snprintf(service, sizeof(service), "%d", port);
    struct addrinfo *at = new_address(address, service, SOCK_STREAM);

    web->listener = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(web->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    bool works = web->listener >= 0 && bind(web->listener, at->ai_addr, at->ai_addrlen) == 0 &&
                 listen(web->listener, 512) == 0 && getsockname(web->listener, at->ai_addr, &at->ai_addrlen) == 0;

    /* The port stands at the same place in both families. */
    web->port = ntohs(((struct sockaddr_in *)at->ai_addr)->sin_port);
    web_freeaddrinfo(at);
    if (!works) {
        close(web->listener);
        return false;
    }
    return pthread_create(&web->thread, NULL, web_main, web) == 0;
}

void web_stop(struct web *web)
{
    (void)shutdown(web->listener, SHUT_RDWR);
    pthread_join(web->thread, NULL);
    close(web->listener);
    for (size_t i = 0; i < web->talk_count; i++) {
        (void)shutdown(web->talks[i].fd, SHUT_RDWR);
        pthread_join(web->talks[i].thread, NULL);
        close(web->talks[i].fd);
    }
    pthread_mutex_destroy(&web->lock);
}

static struct web_name none[] = {{0}};
static _Atomic(struct web_name *) known = none; /* threads that are left behind ask, too */

void web_names(struct web_name *names)
{
    atomic_store(&known, names);
}

static const char *answer_of(const char *name)
{
    for (struct web_name *at = atomic_load(&known); at->name != NULL; at++) {
        if (strcasecmp(at->name, name) == 0) {
            unsigned time = atomic_fetch_add(&at->asked, 1);
            size_t i = 0;

            (void)poll(NULL, 0, at->wait_ms);
            while (i < time && i < 3 && at->answers[i + 1] != NULL) {
                i++;
            }
            return at->answers[i];
        }
    }
    return name;
}

int web_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    struct addrinfo **end = result;
    char answer[256];

    *result = NULL;
    (void)snprintf(answer, sizeof(answer), "%s", answer_of(name));
    for (char *at = answer; at != NULL && *at != '\0';) {
        char *comma = strchr(at, ',');

        if (comma != NULL) {
            *comma++ = '\0';
        }
        *end = new_address(at, service, hints != NULL ? hints->ai_socktype : SOCK_STREAM);
        if (*end == NULL) {
            return EAI_NONAME;
        }
        end = &(*end)->ai_next;
        at = comma;
    }
    return *result != NULL ? 0 : EAI_NONAME;
}

void web_freeaddrinfo(struct addrinfo *info)
{
    while (info != NULL) {
        struct addrinfo *next = info->ai_next;

        free(info);
        info = next;
    }
}
