/* https: whom the fetcher believes, with `openssl s_server` at the other end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/unit/fetch_play.h"
#include "tests/unit/web_play.h"

WEB_PLAYS_NAMES

static char folder[] = "/tmp/certlookup-https-XXXXXX";
static int port;
static pid_t server;

static const struct web_page pages[] = {
    {"/good", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngood"},
    {NULL},
};
static struct web web;

static const char *path(const char *name)
{
    static char paths[8][80];
    static size_t next;
    char *out = paths[next++ % 8];

    (void)snprintf(out, sizeof(paths[0]), "%s/%s", folder, name);
    return out;
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
    char command[1000];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    assert_int_equal(system(command), 0);
}

static void make_certificate(const char *name)
{
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=%s "
        "-addext subjectAltName=DNS:pki.example -keyout %s/%s.key -out %s/%s.crt 2> /dev/null",
        name, folder, name, folder, name);
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path(name), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static bool answers(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool result = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    close(fd);
    return result;
}

/* -HTTP sends files as they are, header included. */
static void start_server(const char *more)
{
    char accept[32];

    (void)snprintf(accept, sizeof(accept), "127.0.0.1:%d", port);
    server = fork();
    if (server == 0) {
        int nothing = open("/dev/null", O_RDWR);

        (void)dup2(nothing, STDIN_FILENO);
        (void)dup2(nothing, STDOUT_FILENO);
        (void)dup2(nothing, STDERR_FILENO);
        (void)!chdir(folder);
        execlp("openssl", "openssl", "s_server", "-HTTP", "-accept", accept, "-cert", "good.crt", "-key", "good.key",
               more, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 200 && !answers(); i++) {
        (void)poll(NULL, 0, 25);
    }
}

static void stop_server(void)
{
    (void)kill(server, SIGKILL);
    (void)waitpid(server, NULL, 0);
}

static void expect(const char *ca_file, const char *host, const char *file, const char *words)
{
    struct fetcher_config config = fetch_config();
    char url[200];

    config.ca_file = ca_file;
    struct fetcher *fetcher = fetch_open(&config);

    (void)snprintf(url, sizeof(url), "https://%s:%d/%s", host, port, file);
    struct fetched *fetched = fetch_now(fetcher, FETCH_CRL, url);

    if (fetched->ok != (words == NULL) || strstr(fetched->error.text, words != NULL ? words : "") == NULL ||
        fetched->refused) {
        fail_msg("%s with %s: %s", url, ca_file, fetched->error.text);
    }
    assert_true(words != NULL || strcmp(buffer_string(&fetched->objects[0]), "good") == 0);
    fetched_free(&fetched);
    fetcher_close(&fetcher);
}

static void servers_are_verified(void **state)
{
    static struct web_name names[] = {{"pki.example", {"127.0.0.1"}}, {"other.example", {"127.0.0.1"}}, {NULL}};

    (void)state;
    web_names(names);
    (void)setenv("SSL_CERT_FILE", path("good.crt"), 1);
    start_server("-quiet");
    expect(path("good.crt"), "pki.example", "good", NULL);
    expect(path("other.crt"), "pki.example", "good", "certificate");
    expect(path("none.crt"), "pki.example", "good", "pki.example: ");
    expect(path("good.crt"), "other.example", "good", "other.example: ");
    expect(path("good.crt"), "127.0.0.1", "good", "127.0.0.1: ");
    /* From https to http is a way down, wherever it leads. */
    expect(path("good.crt"), "pki.example", "down", "pki.example: redirects from https to http");
    assert_int_equal(atomic_load(&web.connections), 0);
    expect(path("good.crt"), "pki.example", "same", NULL);
    stop_server();
    (void)unsetenv("SSL_CERT_FILE");
}

static void old_versions_are_not_spoken(void **state)
{
    static struct web_name names[] = {{"pki.example", {"127.0.0.1"}}, {NULL}};

    (void)state;
    web_names(names);
    start_server("-tls1_1");
    expect(path("good.crt"), "pki.example", "good", "pki.example: ");
    stop_server();
}

static int start(void **state)
{
    char text[200];

    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    if (mkdtemp(folder) == NULL || !web_start(&web, pages, 0)) {
        return -1;
    }
    /* A port that was free a moment ago. */
    static struct web lent;

    if (!web_start(&lent, pages, 0)) {
        return -1;
    }
    port = lent.port;
    web_stop(&lent);
    make_certificate("good");
    make_certificate("other");
    write_file("good", pages[0].first);
    (void)snprintf(text, sizeof(text), "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:%d/good\r\n\r\n",
                   web.port);
    write_file("down", text);
    write_file("same", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /good\r\n\r\n");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    web_stop(&web);
    run("rm -rf %s", folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_are_verified),
        cmocka_unit_test(old_versions_are_not_spoken),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
