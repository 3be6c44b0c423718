#include "tests/unit/directory_play.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

static int listen_on(int *port, int backlog)
{
    struct sockaddr_in address = loopback(*port);
    socklen_t size = sizeof(address);
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, backlog) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

int free_port(void)
{
    int port = 0;

    close(listen_on(&port, 1));
    return port;
}

bool slapd_new(struct slapd *slapd)
{
    char command[256];

    *slapd = (struct slapd){.port = free_port(), .tls_port = free_port()};
    (void)snprintf(slapd->folder, sizeof(slapd->folder), "/tmp/certlookup-slapd-XXXXXX");
    if (mkdtemp(slapd->folder) == NULL) {
        return false;
    }
    (void)snprintf(slapd->uri, sizeof(slapd->uri), "ldap://127.0.0.1:%d", slapd->port);
    (void)snprintf(slapd->tls_uri, sizeof(slapd->tls_uri), "ldaps://127.0.0.1:%d", slapd->tls_port);
    (void)snprintf(slapd->named_tls_uri, sizeof(slapd->named_tls_uri), "ldaps://127.0.0.2:%d", slapd->tls_port);
    (void)snprintf(slapd->socket_uri, sizeof(slapd->socket_uri), "ldapi://%%2Ftmp%%2F%s%%2Fsocket",
                   slapd->folder + strlen("/tmp/"));
    (void)snprintf(slapd->ca_file, sizeof(slapd->ca_file), "%s/ca.pem", slapd->folder);
    (void)snprintf(slapd->other_ca_file, sizeof(slapd->other_ca_file), "%s/other-ca.pem", slapd->folder);
    (void)snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin sh tests/unit/directory_play.sh %s",
                   slapd->folder);
    return system(command) == 0 && slapd_start(slapd);
}

static bool answers(int port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool result = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    close(fd);
    return result;
}

bool slapd_start(struct slapd *slapd)
{
    char urls[256], config[128], log[128];

    (void)snprintf(urls, sizeof(urls), "ldap://127.0.0.1:%d/ ldaps://0.0.0.0:%d/ %s", slapd->port, slapd->tls_port,
                   slapd->socket_uri);
    (void)snprintf(config, sizeof(config), "%s/slapd.conf", slapd->folder);
    (void)snprintf(log, sizeof(log), "%s/log", slapd->folder);
    slapd->pid = fork();
    if (slapd->pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

        (void)dup2(fd, STDERR_FILENO);
        (void)dup2(fd, STDOUT_FILENO);
        execl("/usr/sbin/slapd", "slapd", "-d", "stats", "-f", config, "-h", urls, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 200; i++) {
        if (answers(slapd->port) && answers(slapd->tls_port)) {
            return true;
        }
        (void)poll(NULL, 0, 50);
    }
    return false;
}

void slapd_kill(struct slapd *slapd)
{
    if (slapd->pid > 0) {
        (void)kill(slapd->pid, SIGKILL);
        (void)waitpid(slapd->pid, NULL, 0);
        slapd->pid = 0;
    }
}

void slapd_free(struct slapd *slapd)
{
    char command[128];

    slapd_kill(slapd);
    (void)snprintf(command, sizeof(command), "rm -rf %s", slapd->folder);
    (void)!system(command);
}

unsigned slapd_logged(const struct slapd *slapd, const char *text)
{
    char path[128], line[4096];
    unsigned found = 0;

    (void)snprintf(path, sizeof(path), "%s/log", slapd->folder);
    FILE *log = fopen(path, "r");

    while (log != NULL && fgets(line, sizeof(line), log) != NULL) {
        found += strstr(line, text) != NULL;
    }
    if (log != NULL) {
        (void)fclose(log);
    }
    return found;
}

bool played_send(struct talk *talk, BerElement *ber)
{
    if (ber == NULL || ber_flush2(talk->sockbuf, ber, LBER_FLUSH_FREE_ON_SUCCESS) != 0) {
        ber_free(ber, 1);
        return false;
    }
    return true;
}

bool played_entry(struct talk *talk, ber_int_t message, const char *dn, const char *attribute, struct bytes value)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "{it{s{{s[o]}}}}", message, LDAP_RES_SEARCH_ENTRY, dn, attribute, (const char *)value.data,
               (ber_len_t)value.size);
    return played_send(talk, ber);
}

bool played_result(struct talk *talk, ber_int_t message, int code, const char *diagnostic)
{
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    ber_printf(ber, "{it{ess}}", message, LDAP_RES_SEARCH_RESULT, code, "", diagnostic);
    return played_send(talk, ber);
}

static bool answer_search(struct talk *talk, ber_int_t message, BerElement *request)
{
    struct berval base = {0};

    (void)ber_scanf(request, "{m", &base);
    if (base.bv_len == 0 && talk->played->play->root != NULL) {
        return talk->played->play->root(talk, message);
    }
    if (base.bv_len == 0) {
        return played_entry(talk, message, "", "namingContexts", bytes_of_string("dc=example,dc=org")) &&
               played_result(talk, message, LDAP_SUCCESS, "");
    }
    atomic_fetch_add(&talk->played->searches, 1);
    if (atomic_load(&talk->played->delay_ms) > 0) {
        (void)poll(NULL, 0, atomic_load(&talk->played->delay_ms));
    }
    talk->request = request;
    return talk->played->play->search(talk, message);
}

/* One message, in as many pieces as it comes. */
static bool hear(struct talk *talk, BerElement *request)
{
    ber_len_t size = 0;
    ber_tag_t tag = LBER_DEFAULT;

    do {
        errno = 0;
        tag = ber_get_next(talk->sockbuf, &size, request);
    } while (tag == LBER_DEFAULT && errno == EWOULDBLOCK);
    return tag == LDAP_TAG_MESSAGE;
}

static bool answer(struct talk *talk)
{
    BerElement *request = ber_alloc_t(LBER_USE_DER);
    ber_len_t size = 0;
    ber_int_t message = 0;
    bool result = false;

    if (!hear(talk, request) || ber_scanf(request, "i", &message) == LBER_ERROR) {
        goto out;
    }
    switch (ber_peek_tag(request, &size)) {
    case LDAP_REQ_SEARCH:
        result = answer_search(talk, message, request);
        break;
    case LDAP_REQ_ABANDON:
        atomic_fetch_add(&talk->played->abandons, 1);
        result = true;
        break;
    default:
        break;
    }
out:
    ber_free(request, 1);
    return result;
}

static void *talk_main(void *argument)
{
    struct talk *talk = argument;
    const struct play *play = talk->played->play;
    char ignored[512];

    if (play->greeting != NULL) {
        (void)!send(talk->fd, play->greeting, strlen(play->greeting), MSG_NOSIGNAL);
    }
    if (play->silent || play->greeting != NULL) {
        while (read(talk->fd, ignored, sizeof(ignored)) > 0) {
        }
    } else {
        while (answer(talk)) {
        }
    }
    (void)shutdown(talk->fd, SHUT_RDWR);
    return NULL;
}

static void *played_main(void *argument)
{
    struct played *played = argument;
    int fd;

    while ((fd = accept4(played->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        pthread_mutex_lock(&played->lock);
        size_t most = played->play->talks_most > 0 ? played->play->talks_most : PLAY_TALKS;
        struct talk *talk = played->talk_count < most ? &played->talks[played->talk_count] : NULL;

        if (talk == NULL) {
            close(fd);
            atomic_fetch_add(&played->refused, 1);
        } else {
            *talk = (struct talk){.played = played, .fd = fd, .sockbuf = ber_sockbuf_alloc()};
            ber_sockbuf_add_io(talk->sockbuf, &ber_sockbuf_io_tcp, LBER_SBIOD_LEVEL_PROVIDER, NULL);
            ber_sockbuf_ctrl(talk->sockbuf, LBER_SB_OPT_SET_FD, &talk->fd);
            played->talk_count += pthread_create(&talk->thread, NULL, talk_main, talk) == 0;
        }
        pthread_mutex_unlock(&played->lock);
    }
    return NULL;
}

bool played_start(struct played *played, const struct play *play, int port)
{
    memset(played, 0, sizeof(*played));
    played->play = play;
    played->port = port;
    played->listener = listen_on(&played->port, 512);
    if (play->narrow) {
        int size = 4096;

        (void)setsockopt(played->listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
    pthread_mutex_init(&played->lock, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(played->uri, sizeof(played->uri), "ldap://127.0.0.1:%d", played->port);
    return played->listener >= 0 && pthread_create(&played->thread, NULL, played_main, played) == 0;
}

void played_stop(struct played *played)
{
    (void)shutdown(played->listener, SHUT_RDWR);
    pthread_join(played->thread, NULL);
    close(played->listener);
    for (size_t i = 0; i < played->talk_count; i++) {
        (void)shutdown(played->talks[i].fd, SHUT_RDWR);
        pthread_join(played->talks[i].thread, NULL);
        ber_sockbuf_free(played->talks[i].sockbuf);
    }
    pthread_mutex_destroy(&played->lock);
}

size_t played_talks(struct played *played)
{
    pthread_mutex_lock(&played->lock);
    size_t talks = played->talk_count;

    pthread_mutex_unlock(&played->lock);
    return talks;
}

bool clogged_start(struct clogged *clogged)
{
    *clogged = (struct clogged){0};
    clogged->listener = listen_on(&clogged->port, 0);
    (void)snprintf(clogged->uri, sizeof(clogged->uri), "ldap://127.0.0.1:%d", clogged->port);
    for (size_t i = 0; i < sizeof(clogged->clients) / sizeof(clogged->clients[0]); i++) {
        struct sockaddr_in address = loopback(clogged->port);

        clogged->clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(clogged->clients[i], (struct sockaddr *)&address, sizeof(address));
    }
    return clogged->listener >= 0;
}

void clogged_stop(struct clogged *clogged)
{
    for (size_t i = 0; i < sizeof(clogged->clients) / sizeof(clogged->clients[0]); i++) {
        close(clogged->clients[i]);
    }
    close(clogged->listener);
}

struct directory_config plain_config(const char *const *uris, size_t uri_count)
{
    static const char *const everywhere[] = {"*"};

    return (struct directory_config){
        .name = "test",
        .uris = uris,
        .uri_count = uri_count,
        .base = "dc=example,dc=org",
        .domains = everywhere,
        .domain_count = 1,
        .filter = "(mail=%m)",
        .bind_dn = "",
        .password = "",
        .tls = TLS_NONE,
        .ca_file = "",
        .timeout_ms = 2000,
        .connect_timeout_ms = 10000,
        .connections = 1,
        .max_entries = 16,
        .max_value_bytes = MAX_VALUE_BYTES,
        .max_queued = 2000,
        .scope = LDAP_SCOPE_SUBTREE,
    };
}

struct search_result *ask(struct directory *directory, const char *text, int64_t timeout_ms)
{
    struct address address;

    if (address_parse(bytes_of_string(text), &address) != ADDRESS_OK) {
        return NULL;
    }
    return directory_search_wait(directory, &address, timeout_ms);
}

struct search_result *ask_patiently(struct directory *directory, const char *address, int64_t patience_ms)
{
    int64_t until_ms = clock_mono_ms() + patience_ms;
    struct search_result *result = ask(directory, address, 2000);

    while (result != NULL && result->result != ASKED_ANSWERED && clock_mono_ms() < until_ms) {
        search_result_free(&result);
        (void)poll(NULL, 0, 20);
        result = ask(directory, address, 2000);
    }
    return result;
}

unsigned lines_in(const char *path, const char *text)
{
    FILE *file = fopen(path, "r");
    char line[4096];
    unsigned found = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        found += strstr(line, text) != NULL;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}
