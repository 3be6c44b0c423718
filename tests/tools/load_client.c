#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/tools/load.h"

#define PATIENCE_MS 30000
#define REST_MS 50

static void rest(struct client *client, int64_t rest_ms)
{
    client->state = client->socket >= 0 && rest_ms == 0 ? CLIENT_READY : CLIENT_RESTING;
    client->due_ms = clock_mono_ms() + rest_ms;
    buffer_clear(&client->in);
}

static void hang_up(struct client *client)
{
    if (client->socket >= 0) {
        close(client->socket);
    }
    client->socket = -1;
    client->used = false;
}

static void fail(struct load *load, struct client *client, const char *what)
{
    load->tally.failed++;
    load_complain(load, client->path, what);
    hang_up(client);
    rest(client, REST_MS);
}

void client_connect(struct load *load, struct client *client)
{
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = client};

    client->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    client->state = CLIENT_CONNECTING;
    client->due_ms = clock_mono_ms() + PATIENCE_MS;
    if (client->socket < 0 || epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->socket, &event) != 0 ||
        (connect(client->socket, (struct sockaddr *)&load->settings.server, sizeof(load->settings.server)) != 0 &&
         errno != EINPROGRESS)) {
        fail(load, client, strerror(errno));
    }
}

static void end_connect(struct load *load, struct client *client)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = client};
    int fault = 0;
    socklen_t size = sizeof(fault);

    (void)getsockopt(client->socket, SOL_SOCKET, SO_ERROR, &fault, &size);
    if (fault != 0 || epoll_ctl(load->epoll, EPOLL_CTL_MOD, client->socket, &event) != 0) {
        fail(load, client, strerror(fault));
    } else {
        client->state = CLIENT_READY;
    }
}

static void fill_path(struct client *client, unsigned long number)
{
    const char *from = client->question->path;
    const char *place = strstr(from, "{n}");

    if (place == NULL) {
        snprintf(client->path, sizeof(client->path), "%s", from);
    } else {
        snprintf(client->path, sizeof(client->path), "%.*s%lu%s", (int)(place - from), from, number, place + 3);
    }
}

static void send_request(struct load *load, struct client *client)
{
    char request[PATH_BYTES + 100];
    int size = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", client->path);

    client->state = CLIENT_WAITING;
    client->due_ms = clock_mono_ms() + (load->settings.give_up_ms > 0 ? load->settings.give_up_ms : PATIENCE_MS);
    if (send(client->socket, request, (size_t)size, MSG_NOSIGNAL) != size) {
        client_event(load, client); /* finds out why */
    }
}

void client_ask(struct load *load, struct client *client, const struct question *question, int64_t due_us)
{
    client->question = question;
    client->asked_us = due_us;
    fill_path(client, load->tally.asked++);
    send_request(load, client);
}

static bool is_expected(const struct question *question, int status)
{
    for (size_t i = 0; i < question->status_count; i++) {
        if (question->statuses[i] == status) {
            return true;
        }
    }
    return question->status_count == 0;
}

static void judge(struct load *load, struct client *client, int status, struct bytes body)
{
    struct digest digest = digest_sha256(body);
    int64_t took_ms = (clock_mono_us() - client->asked_us) / 1000;
    char hex[DIGEST_HEX_BYTES];
    char words[64];

    digest_hex(bytes_of(digest.bytes, sizeof(digest.bytes)), hex);
    load->tally.answered++;
    load->tally.statuses[status]++;
    load->tally.took_ms[took_ms < SLOWEST_MS ? took_ms : SLOWEST_MS]++;
    if (load->settings.answers != NULL) {
        fprintf(load->settings.answers, "%d\t%s\t%lld\t%s\n", status, hex, (long long)took_ms, client->path);
    }
    bool other = status == 200 && client->question->sha256[0] != '\0' && strcmp(hex, client->question->sha256) != 0;
    if (other || !is_expected(client->question, status)) {
        load->tally.wrong++;
        snprintf(words, sizeof(words), "%d%s", status, other ? ", another body" : "");
        load_complain(load, client->path, words);
    }
}

/* -1: no answer; 0: not whole yet; 1: judged. `stays`: the connection is good for another request. */
static int take_answer(struct load *load, struct client *client, bool *stays)
{
    const char *text = buffer_string(&client->in);
    const char *end = strstr(text, "\r\n\r\n");
    char head[4096];

    if (end == NULL || (size_t)(end - text) >= sizeof(head)) {
        return end == NULL ? 0 : -1;
    }
    snprintf(head, sizeof(head), "%.*s", (int)(end - text), text);
    const char *length = strcasestr(head, "\r\nContent-Length:");
    int status = strncmp(head, "HTTP/1.1 ", 9) == 0 ? (int)strtol(head + 9, NULL, 10) : 0;
    if (status < 200 || status > 599 || (length == NULL && status != 204 && status != 304)) {
        return -1;
    }
    size_t size = length != NULL ? strtoul(length + 17, NULL, 10) : 0;
    size_t before = (size_t)(end - text) + 4;
    if (client->in.size < before + size) {
        return 0;
    }
    *stays = strcasestr(head, "\r\nConnection: close") == NULL;
    judge(load, client, status, bytes_of(client->in.data + before, size));
    return 1;
}

/* The end of the connection, or what is no answer. A connection that was used before may have been closed by the server
 * as we asked: that is asked again. */
static void broke(struct load *load, struct client *client)
{
    bool again = client->used && client->in.size == 0;

    if (client->state == CLIENT_WAITING && !again) {
        fail(load, client, client->in.size == 0 ? "closed without an answer" : "a broken answer");
        return;
    }
    bool was_waiting = client->state == CLIENT_WAITING;
    hang_up(client);
    rest(client, 0);
    load->tally.asked -= was_waiting;
}

static void read_answer(struct load *load, struct client *client)
{
    char part[16384];
    ssize_t size = recv(client->socket, part, sizeof(part), 0);
    bool stays = false;

    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (size <= 0 || client->state != CLIENT_WAITING) {
        broke(load, client);
        return;
    }
    buffer_append(&client->in, part, (size_t)size);
    int result = take_answer(load, client, &stays);
    if (result < 0 || client->in.failed) {
        fail(load, client, "a broken answer");
    } else if (result > 0) {
        client->used = true;
        if (!stays) {
            hang_up(client);
        }
        rest(client, load->settings.pause_ms);
    }
}

void client_event(struct load *load, struct client *client)
{
    if (client->state == CLIENT_CONNECTING) {
        end_connect(load, client);
    } else {
        read_answer(load, client);
    }
}

void client_late(struct load *load, struct client *client)
{
    if (client->state == CLIENT_WAITING && load->settings.give_up_ms > 0) {
        load->tally.left++;
        hang_up(client);
        rest(client, load->settings.pause_ms);
    } else {
        fail(load, client, client->state == CLIENT_WAITING ? "no answer" : "no connection");
    }
}
