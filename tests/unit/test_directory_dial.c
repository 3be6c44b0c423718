/* How a directory comes to its connections: names, addresses, old TLS, servers that take nothing in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "tests/unit/directory_play.h"

/* The resolver is played: what stands here takes the place of libc's. */
static atomic_int resolving;

static struct addrinfo *make_address(const char *host, const char *port, struct addrinfo *next)
{
    struct addrinfo *info = calloc(1, sizeof(*info));
    struct sockaddr_in *address = calloc(1, sizeof(*address));

    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t)atoi(port));
    (void)inet_pton(AF_INET, host, &address->sin_addr);
    *info = (struct addrinfo){
        .ai_family = AF_INET,
        .ai_socktype = SOCK_STREAM,
        .ai_addr = (struct sockaddr *)address,
        .ai_addrlen = sizeof(*address),
        .ai_next = next,
    };
    return info;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **addresses)
{
    (void)hints;
    /* libldap, once, for the name of this machine. */
    if (service == NULL) {
        return EAI_NONAME;
    }
    if (strcmp(node, "stuck.test") == 0) {
        atomic_fetch_add(&resolving, 1);
        (void)poll(NULL, 0, 2500);
        atomic_fetch_sub(&resolving, 1);
        return EAI_AGAIN;
    }
    if (strcmp(node, "several.test") == 0) {
        *addresses = make_address("127.0.0.3", service, make_address("127.0.0.1", service, NULL));
        return 0;
    }
    if (strcmp(node, "unknown.test") == 0) {
        return EAI_NONAME;
    }
    *addresses = make_address(node, service, NULL);
    return 0;
}

void freeaddrinfo(struct addrinfo *addresses)
{
    while (addresses != NULL) {
        struct addrinfo *next = addresses->ai_next;

        free(addresses->ai_addr);
        free(addresses);
        addresses = next;
    }
}

/* So is connect(): it can make a socket that holds little. */
static atomic_bool narrow;

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    int least = 1;

    if (atomic_load(&narrow)) {
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
    }
    return (int)syscall(SYS_connect, fd, address, size);
}

static bool say_one(struct talk *talk, ber_int_t message)
{
    return played_entry(talk, message, "cn=one", "userCertificate;binary", bytes_of_string("value")) &&
           played_result(talk, message, LDAP_SUCCESS, "");
}

static const struct play GOOD = {.search = say_one};
static struct played server;

static struct directory *open_directory(const struct directory_config *config)
{
    struct error error = {{0}};
    struct directory *directory = directory_open(config, &error);

    if (directory == NULL) {
        fail_msg("%s", error.text);
    }
    return directory;
}

static void expect(struct search_result *result, enum asked_result want, const char *words)
{
    assert_non_null(result);
    if (result->result != want || strstr(result->error, words) == NULL) {
        fail_msg("%s: %s", asked_word(result->result), result->error);
    }
    search_result_free(&result);
}

/* A resolver that hangs holds up neither lookups nor the closing; it is asked once at a time, and left behind. */
static void a_stuck_resolver_is_left_behind(void **state)
{
    static const char *const uris[] = {"ldap://stuck.test"};
    struct directory_config config = plain_config(uris, 1);

    (void)state;
    config.connect_timeout_ms = 300;
    struct directory *directory = open_directory(&config);
    int64_t began_ms = clock_mono_ms();

    expect(ask(directory, "alice@example.org", 2000), ASKED_UNAVAILABLE, "resolve: no end after 300 ms");
    assert_true(clock_mono_ms() - began_ms < 1800);
    for (int i = 0; i < 20; i++) {
        expect(ask(directory, "alice@example.org", 2000), ASKED_UNAVAILABLE, "resolve: no end after 300 ms");
        assert_int_equal(atomic_load(&resolving), 1);
        (void)poll(NULL, 0, 20);
    }
    began_ms = clock_mono_ms();
    directory_close(&directory);
    assert_true(clock_mono_ms() - began_ms < 2000);
    for (int i = 0; i < 100 && atomic_load(&resolving) > 0; i++) {
        (void)poll(NULL, 0, 50);
    }
    (void)poll(NULL, 0, 200); /* for the thread that was left behind to put its things away */
}

/* While the first server's name is being looked up without end, the second is asked. */
static void a_stuck_resolver_does_not_keep_the_next_server_away(void **state)
{
    static const char *uris[] = {"ldap://stuck.test", server.uri};

    (void)state;
    assert_true(played_start(&server, &GOOD, 0));
    struct directory_config config = plain_config(uris, 2);

    config.connect_timeout_ms = 300;
    struct directory *directory = open_directory(&config);

    expect(ask(directory, "alice@example.org", 2000), ASKED_ANSWERED, "");
    directory_close(&directory);
    played_stop(&server);
    for (int i = 0; i < 100 && atomic_load(&resolving) > 0; i++) {
        (void)poll(NULL, 0, 50);
    }
    (void)poll(NULL, 0, 200);
}

static void each_address_is_tried(void **state)
{
    char uri[64];
    const char *const uris[] = {uri};

    (void)state;
    assert_true(played_start(&server, &GOOD, 0));
    (void)snprintf(uri, sizeof(uri), "ldap://several.test:%d", server.port);
    struct directory_config config = plain_config(uris, 1);

    struct directory *directory = open_directory(&config);

    expect(ask(directory, "alice@example.org", 10000), ASKED_ANSWERED, "");
    directory_close(&directory);
    played_stop(&server);
}

static void an_unknown_name_is_said(void **state)
{
    static const char *const uris[] = {"ldap://unknown.test"};
    struct directory_config config = plain_config(uris, 1);

    (void)state;
    struct directory *directory = open_directory(&config);

    expect(ask(directory, "alice@example.org", 2000), ASKED_UNAVAILABLE, "ldap://unknown.test: resolve: ");
    directory_close(&directory);
}

struct crowd {
    atomic_uint done, late, answered;
};

static void on_crowd(void *context, struct search_result *result)
{
    struct crowd *crowd = context;

    atomic_fetch_add(&crowd->late, result->result == ASKED_TIMED_OUT || result->result == ASKED_OVERLOADED);
    atomic_fetch_add(&crowd->answered, result->result == ASKED_ANSWERED && result->value_count == 1);
    search_result_free(&result);
    atomic_fetch_add(&crowd->done, 1);
}

#define MANY 1000

/* Many searches at once over a connection that takes a few kilobytes at a time, each with a long filter. */
static void crowd_through_a_narrow_door(const struct play *play, int64_t timeout_ms, struct crowd *crowd)
{
    static struct search *searches[MANY];
    static char long_filter[4096];
    const char *const uris[] = {server.uri};
    int64_t began_ms = clock_mono_ms();
    struct address address;
    size_t size = (size_t)snprintf(long_filter, sizeof(long_filter), "(|(mail=%%m)(cn=");

    memset(long_filter + size, 'x', 3900);
    memcpy(long_filter + size + 3900, "))", 3);
    assert_int_equal(address_parse(bytes_of_string("alice@example.org"), &address), ADDRESS_OK);
    assert_true(played_start(&server, play, 0));
    atomic_store(&narrow, true);
    struct directory_config config = plain_config(uris, 1);

    config.filter = long_filter;
    config.timeout_ms = timeout_ms;
    struct directory *directory = open_directory(&config);

    for (size_t i = 0; i < MANY; i++) {
        searches[i] = directory_search(directory, &address, timeout_ms, on_crowd, crowd);
    }
    while (atomic_load(&crowd->done) < MANY && clock_mono_ms() - began_ms < timeout_ms + 4000) {
        (void)poll(NULL, 0, 20);
    }
    for (size_t i = 0; i < MANY; i++) {
        search_abandon(&searches[i]);
    }
    directory_close(&directory);
    played_stop(&server);
    atomic_store(&narrow, false);
    assert_int_equal(atomic_load(&crowd->done), MANY);
}

static bool take_nothing_in(struct talk *talk, ber_int_t message)
{
    (void)talk;
    (void)message;
    (void)poll(NULL, 0, 2000);
    return false;
}

/* What does not fit into the socket waits in the queue, to its deadline. */
static void a_server_that_reads_nothing(void **state)
{
    static const struct play play = {.search = take_nothing_in, .narrow = true};
    struct crowd crowd = {0};

    (void)state;
    crowd_through_a_narrow_door(&play, 1000, &crowd);
    assert_int_equal(atomic_load(&crowd.late), MANY);
}

static bool take_one_in(struct talk *talk, ber_int_t message)
{
    (void)poll(NULL, 0, 1);
    return say_one(talk, message);
}

/* Requests that go out in pieces do not get mixed up. */
static void a_server_that_reads_slowly(void **state)
{
    static const struct play play = {.search = take_one_in, .narrow = true};
    struct crowd crowd = {0};

    (void)state;
    crowd_through_a_narrow_door(&play, 30000, &crowd);
    assert_int_equal(atomic_load(&crowd.answered), MANY);
}

static pid_t start_old_tls(const struct slapd *slapd, int port)
{
    char accept[32], certificate[96], key[96];
    pid_t pid = 0;

    (void)snprintf(accept, sizeof(accept), "127.0.0.1:%d", port);
    (void)snprintf(certificate, sizeof(certificate), "%s/server.pem", slapd->folder);
    (void)snprintf(key, sizeof(key), "%s/server.key", slapd->folder);
    pid = fork();
    if (pid == 0) {
        (void)!freopen("/dev/null", "w", stderr);
        (void)!freopen("/dev/null", "w", stdout);
        execlp("openssl", "openssl", "s_server", "-accept", accept, "-cert", certificate, "-key", key, "-tls1_1",
               "-cipher", "ALL:@SECLEVEL=0", "-quiet", (char *)NULL);
        _exit(127);
    }
    return pid;
}

/* GnuTLS would speak it, and then knows which it is; with OpenSSL there is no word from the server. */
static void old_tls_is_refused(void **state)
{
    char uri[64];
    const char *const uris[] = {uri};
    struct slapd slapd;
    int port = free_port();

    (void)state;
    assert_true(slapd_new(&slapd));
    pid_t pid = start_old_tls(&slapd, port);

    (void)snprintf(uri, sizeof(uri), "ldaps://127.0.0.1:%d", port);
    struct directory_config config = plain_config(uris, 1);

    config.tls = TLS_LDAPS;
    config.ca_file = slapd.ca_file;
    struct directory *directory = open_directory(&config);
    struct search_result *result = ask(directory, "alice@example.org", 3000);

    for (int i = 0; i < 100 && strstr(result->error, "refused") != NULL; i++) {
        search_result_free(&result);
        (void)poll(NULL, 0, 50);
        result = ask(directory, "alice@example.org", 3000);
    }
    directory_close(&directory);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    slapd_free(&slapd);
    bool knows = strstr(result->error, "TLS1.1") != NULL;

    expect(result, ASKED_UNAVAILABLE, knows ? "TLS: the server speaks TLS1.1, and TLS 1.2 is the least"
                                            : "TLS: the server speaks an older TLS, and TLS 1.2 is the least");
}

static int start(void **state)
{
    (void)state;
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stuck_resolver_is_left_behind),
        cmocka_unit_test(a_stuck_resolver_does_not_keep_the_next_server_away),
        cmocka_unit_test(each_address_is_tried),
        cmocka_unit_test(an_unknown_name_is_said),
        cmocka_unit_test(a_server_that_reads_nothing),
        cmocka_unit_test(a_server_that_reads_slowly),
        cmocka_unit_test(old_tls_is_refused),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
