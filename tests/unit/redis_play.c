#include "tests/unit/redis_play.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

#define OPTIONS_MAX 32
#define CALLER_WORDS 8

static int listen_anywhere(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(fd, 16), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

uint16_t server_free_port(void)
{
    uint16_t port;

    close(listen_anywhere(&port));
    return port;
}

const char *server_ask(const struct server *server, const char *command, char *line, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t got = 0;
    ssize_t more;

    line[0] = '\0';
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        dprintf(fd, "%s\r\n", command) > 0) {
        while (got + 1 < size && (more = read(fd, line + got, size - got - 1)) > 0) {
            got += (size_t)more;
            line[got] = '\0';
            if (strchr(line, '\r') != NULL) {
                *strchr(line, '\r') = '\0';
                break;
            }
        }
    }
    close(fd);
    return line;
}

static void server_exec(const struct server *server)
{
    char port[8];
    const char *argv[OPTIONS_MAX + 16] = {
        "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", server->folder, "--unixsocket", server->socket,
        "--save", "", "--appendonly", "no",
    };
    size_t count = 13;
    int log = open("server.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    snprintf(port, sizeof(port), "%u", server->port);
    for (size_t i = 0; server->options != NULL && server->options[i] != NULL && i < OPTIONS_MAX; i++) {
        argv[count++] = server->options[i];
    }
    argv[count] = NULL;
    dup2(log, 1);
    dup2(log, 2);
    execvp(argv[0], (char **)argv);
    _exit(127);
}

void server_revive(struct server *server)
{
    char line[128];

    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that breaks off leaves nothing behind */
        if (chdir(server->folder) != 0) {
            _exit(126);
        }
        server_exec(server);
    }
    for (int i = 0; i < 1000; i++) {
        server_ask(server, "PING", line, sizeof(line));
        if (line[0] == '+' || strncmp(line, "-NOAUTH", 7) == 0 || strncmp(line, "-MASTERDOWN", 11) == 0) {
            return;
        }
        usleep(10000);
    }
    fail_msg("redis-server does not start: %s/server.log", server->folder);
}

void server_start(struct server *server, const char *const *options)
{
    *server = (struct server){.options = options};
    strcpy(server->folder, "/tmp/certlookup-redis-XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->folder);
    server->port = server_free_port();
    server_revive(server);
}

void server_kill(struct server *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
}

void server_stop(struct server *server)
{
    char path[128];

    server_kill(server);
    snprintf(path, sizeof(path), "%s/server.log", server->folder);
    unlink(path);
    unlink(server->socket);
    rmdir(server->folder);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
}

bool loop_until(struct event_base *base, bool (*is_so)(void *context), void *context, int64_t within_ms)
{
    const struct timeval tick = {0, 5000};
    struct event *ticker = event_new(base, -1, EV_PERSIST, on_tick, NULL);
    int64_t end = clock_mono_ms() + within_ms;
    bool so;

    event_add(ticker, &tick);
    while (!(so = is_so(context)) && clock_mono_ms() < end) {
        event_base_loop(base, EVLOOP_ONCE);
    }
    event_free(ticker);
    return so;
}

static bool never(void *context)
{
    (void)context;
    return false;
}

void loop_for(struct event_base *base, int64_t ms)
{
    loop_until(base, never, NULL, ms);
}

static bool is_up(void *context)
{
    return shared_is_up(context);
}

static bool is_down(void *context)
{
    return !shared_is_up(context);
}

bool wait_up(struct event_base *base, struct shared *shared)
{
    return loop_until(base, is_up, shared, 20000);
}

bool wait_down(struct event_base *base, struct shared *shared)
{
    return loop_until(base, is_down, shared, 20000);
}

void got_it(void *context, enum shared_result result, struct bytes value)
{
    struct got *got = context;

    assert_false(got->came);
    got->came = true;
    got->result = result;
    got->size = value.size;
    if (value.size > 0) {
        got->value = malloc(value.size);
        memcpy(got->value, value.data, value.size);
    }
}

void got_free(struct got *got)
{
    free(got->value);
    *got = (struct got){0};
}

static bool has_come(void *context)
{
    return ((struct got *)context)->came;
}

enum shared_result get_wait(struct event_base *base, struct shared *shared, const char *key, struct got *got)
{
    got_free(got);
    shared_get(shared, key, got_it, got);
    assert_true(loop_until(base, has_come, got, 20000));
    return got->result;
}

/* Who is connected to a fake server. */
struct caller {
    struct fake *fake;
    struct caller *next;
    int fd;
    struct event *reads, *writes;
    char words[CALLER_WORDS][64]; /* of the command, cut */
    unsigned word_count;
    char in[65536];
    size_t in_size;
    size_t owed;       /* of the endless bytes */
    unsigned held;     /* replies */
    bool listens;
};

static void caller_close(struct caller *caller)
{
    struct caller **link = &caller->fake->callers;

    while (*link != caller) {
        link = &(*link)->next;
    }
    *link = caller->next;
    event_free(caller->reads);
    event_free(caller->writes);
    close(caller->fd);
    free(caller);
}

static void say(struct caller *caller, const char *text)
{
    if (text != NULL && write(caller->fd, text, strlen(text)) > 0) {
        caller->fake->sent += strlen(text);
    }
}

/* Takes one whole command (RESP) off the input, keeps its first words. */
static bool command_take(struct caller *caller)
{
    char *at = caller->in, *end = caller->in + caller->in_size, *line;
    long words = strtol(at + 1, NULL, 10);

    caller->in[caller->in_size] = '\0';
    if (caller->in_size == 0 || (line = strstr(at, "\r\n")) == NULL) {
        return false;
    }
    at = line + 2;
    for (long i = 0; i < words; i++) {
        long size = strtol(at + 1, NULL, 10);

        if (at >= end || (line = strstr(at, "\r\n")) == NULL || line + 2 + size + 2 > end) {
            return false;
        }
        if (i < CALLER_WORDS) {
            snprintf(caller->words[i], sizeof(caller->words[i]), "%.*s", (int)size, line + 2);
            caller->word_count = (unsigned)i + 1;
        }
        at = line + 2 + size + 2;
    }
    caller->in_size = (size_t)(end - at);
    memmove(caller->in, at, caller->in_size);
    return true;
}

static bool is_greeting(const char *command)
{
    return strcmp(command, "PING") == 0 || strcmp(command, "CLIENT") == 0 || strcmp(command, "AUTH") == 0 ||
           strcmp(command, "SELECT") == 0;
}

static bool is_command(const struct caller *caller, const char *first, const char *second)
{
    return strcmp(caller->words[0], first) == 0 &&
           (second == NULL || (caller->word_count > 1 && strcmp(caller->words[1], second) == 0));
}

/* What a server says that tracks. False: as to any other command. */
static bool say_tracking(struct caller *caller)
{
    char text[128];

    if (caller->fake->holds && is_command(caller, "CLIENT", "TRACKING")) {
        caller->held++;
        caller->fake->held++;
    } else if (is_command(caller, "SUBSCRIBE", NULL)) {
        caller->listens = true;
        for (unsigned i = 1; caller->fake->tracks && i < caller->word_count; i++) {
            snprintf(text, sizeof(text), "*3\r\n$9\r\nsubscribe\r\n$%zu\r\n%s\r\n:%u\r\n",
                     strlen(caller->words[i]), caller->words[i], i);
            say(caller, text);
        }
        say(caller, caller->fake->pushed);
    } else if (caller->fake->tracks && is_command(caller, "CLIENT", "ID")) {
        say(caller, ":7\r\n");
    } else if (caller->fake->tracks && is_command(caller, "PUBLISH", NULL)) {
        say(caller, ":1\r\n");
    } else {
        return false;
    }
    return true;
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    static const char junk[65536] = {'x'};
    struct caller *caller = context;
    ssize_t sent = write(fd, junk, caller->owed < sizeof(junk) ? caller->owed : sizeof(junk));

    (void)what;
    if (sent < 0 && errno != EAGAIN) {
        caller_close(caller);
        return;
    }
    if (sent > 0) {
        caller->owed -= (size_t)sent;
        caller->fake->sent += (size_t)sent;
    }
    if (caller->owed > 0) {
        event_add(caller->writes, NULL);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct caller *caller = context;
    struct fake *fake = caller->fake;
    ssize_t got = read(fd, caller->in + caller->in_size, sizeof(caller->in) - 1 - caller->in_size);

    (void)what;
    if (got <= 0) {
        caller_close(caller);
        return;
    }
    caller->in_size += (size_t)got;
    while (command_take(caller)) {
        bool greeting = is_greeting(caller->words[0]);

        if (say_tracking(caller)) {
            continue;
        }
        say(caller, greeting ? fake->ping : fake->reply);
        if (!greeting && fake->closes) {
            caller_close(caller);
            return;
        }
        if (!greeting && fake->endless > 0) {
            caller->owed = fake->endless;
            event_add(caller->writes, NULL);
        }
    }
}

static void on_connection(evutil_socket_t fd, short what, void *context)
{
    struct fake *fake = context;
    struct caller *caller = calloc(1, sizeof(*caller));

    (void)what;
    caller->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (caller->fd < 0) {
        free(caller);
        return;
    }
    fake->connections++;
    caller->fake = fake;
    caller->next = fake->callers;
    fake->callers = caller;
    caller->reads = event_new(fake->base, caller->fd, EV_READ | EV_PERSIST, on_readable, caller);
    caller->writes = event_new(fake->base, caller->fd, EV_WRITE, on_writable, caller);
    event_add(caller->reads, NULL);
    say(caller, fake->hello);
}

void fake_start(struct fake *fake, struct event_base *base)
{
    int fd = listen_anywhere(&fake->port);

    fake->base = base;
    fake->listener = event_new(base, fd, EV_READ | EV_PERSIST, on_connection, fake);
    event_add(fake->listener, NULL);
}

void fake_stop(struct fake *fake)
{
    while (fake->callers != NULL) {
        caller_close(fake->callers);
    }
    close(event_get_fd(fake->listener));
    event_free(fake->listener);
}

void fake_hang_up(struct fake *fake)
{
    for (struct caller *caller = fake->callers, *next; caller != NULL; caller = next) {
        next = caller->next;
        if (caller->listens) {
            caller_close(caller);
        }
    }
}

void fake_release(struct fake *fake, unsigned replies)
{
    for (struct caller *caller = fake->callers; caller != NULL; caller = caller->next) {
        for (; caller->held > 0 && replies > 0; replies--) {
            caller->held--;
            say(caller, fake->ping);
        }
    }
}

static int caught = -1, before = -1;

void log_catch(void)
{
    caught = memfd_create("log", MFD_CLOEXEC);
    before = dup(2);
    assert_true(caught >= 0 && before >= 0);
    dup2(caught, 2);
}

char *log_caught(void)
{
    off_t size = lseek(caught, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);

    dup2(before, 2);
    close(before);
    assert_int_equal(pread(caught, text, (size_t)size, 0), size);
    close(caught);
    return text;
}

unsigned lines_with(const char *text, const char *part)
{
    unsigned lines = 0;

    while ((text = strstr(text, part)) != NULL) {
        lines++;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return lines;
}
