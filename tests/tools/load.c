/*
 * load: many clients that ask a gateway, and look at each answer.
 *
 *     load [-c CLIENTS] [-n REQUESTS] [-t SECONDS] [-p PAUSE_MS] [-r PER_SECOND] [-g GIVE_UP_MS] [-o ANSWERS]
 *          PORT LIST
 *
 * LIST names a file of lines "PATH [TAB STATUS,STATUS… [TAB SHA256]]": what to ask, which statuses are right, and the
 * hash of a right 200's body. The lines are asked in turn; {n} in a path becomes the number of the request. All clients
 * connect to 127.0.0.1 before the first of them asks. Each keeps its connection, rests PAUSE_MS after an answer, and
 * with -g leaves when none has come by then. With -r requests are due at an even pace, whoever of the clients is free
 * asks, and the time that an answer took counts from when it was due, so that it tells of waiting for a client, too. It
 * ends after REQUESTS or SECONDS, or at SIGTERM, once what is open was answered, and reports in lines "WORD NUMBER":
 * requests, "status N NUMBER", wrong, failed (no answer), left, per_second (answers, while it asked), median_ms,
 * p99_ms, slowest_ms. ANSWERS gets "STATUS TAB SHA256 TAB MS TAB PATH" of each. Status 0: nothing wrong, nothing failed.
 */
#include "tests/tools/load.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

#define COMPLAINTS_MAX 20
#define EVENTS 256
#define STEP_MS 2
#define BODY_MAX (32 * 1024 * 1024)

static volatile sig_atomic_t told_to_end;

static void on_signal(int signal)
{
    (void)signal;
    told_to_end = 1;
}

void load_complain(struct load *load, const char *path, const char *what)
{
    if (load->tally.complaints++ < COMPLAINTS_MAX) {
        fprintf(stderr, "load: %s: %s\n", path[0] != '\0' ? path : "-", what);
    }
}

static int fail(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    return -1;
}

static void parse_statuses(char *text, struct question *question)
{
    for (char *word; (word = strsep(&text, ",")) != NULL && question->status_count < STATUSES_MAX;) {
        question->statuses[question->status_count++] = (int)strtol(word, NULL, 10);
    }
}

static int add_question(struct questions *questions, char *line)
{
    struct question *list = realloc(questions->list, (questions->count + 1) * sizeof(*list));
    char *path = strsep(&line, "\t");
    char *statuses = strsep(&line, "\t");

    if (list == NULL) {
        return fail("out of memory");
    }
    questions->list = list;
    list[questions->count] = (struct question){.path = strdup(path)};
    if (statuses != NULL) {
        parse_statuses(statuses, &list[questions->count]);
    }
    snprintf(list[questions->count].sha256, DIGEST_HEX_BYTES, "%s", line != NULL ? line : "");
    questions->count++;
    return 0;
}

static int read_questions(const char *name, struct questions *questions)
{
    FILE *file = fopen(name, "re");
    char line[PATH_BYTES + 200];

    if (file == NULL) {
        return fail("cannot read the list");
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0' && add_question(questions, line) != 0) {
            break;
        }
    }
    fclose(file);
    return questions->count > 0 ? 0 : fail("the list is empty");
}

static int read_settings(int argc, char **argv, struct settings *settings)
{
    *settings = (struct settings){.clients = 1};
    for (int option; (option = getopt(argc, argv, "c:n:t:p:r:g:o:")) != -1;) {
        long *const numbers[] = {['c'] = &settings->clients, ['n'] = &settings->most_requests,
                                 ['t'] = &settings->seconds, ['p'] = &settings->pause_ms,
                                 ['r'] = &settings->per_second,   ['g'] = &settings->give_up_ms};
        if (option == '?') {
            return -1;
        }
        if (option == 'o') {
            settings->answers = fopen(optarg, "we");
        } else {
            *numbers[option] = strtol(optarg, NULL, 10);
        }
    }
    if (argc - optind != 2 || settings->clients < 1) {
        return fail("usage: load [-c CLIENTS] [-n REQUESTS] [-t SECONDS] [-p PAUSE_MS] [-r PER_SECOND] "
                    "[-g GIVE_UP_MS] [-o ANSWERS] PORT LIST");
    }
    settings->server = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)strtoul(argv[optind], NULL, 10)),
    };
    return 0;
}

static void poll_clients(struct load *load)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(load->epoll, events, EVENTS, STEP_MS);

    for (int i = 0; i < count; i++) {
        client_event(load, events[i].data.ptr);
    }
}

/* When the next request is due; without a pace, now. */
static int64_t next_due_us(const struct load *load)
{
    int64_t pace = load->settings.per_second;

    return pace > 0 ? load->began_us + (int64_t)load->tally.asked * 1000000 / pace : clock_mono_us();
}

static void step(struct load *load, struct client *client, int64_t now_ms)
{
    const struct settings *settings = &load->settings;
    bool enough = settings->most_requests > 0 && load->tally.asked >= (unsigned long)settings->most_requests;

    if ((client->state == CLIENT_CONNECTING || client->state == CLIENT_WAITING) && client->due_ms <= now_ms) {
        client_late(load, client);
    }
    if (load->ending || enough) {
        return;
    }
    if (client->state == CLIENT_RESTING && client->due_ms <= now_ms) {
        client->state = CLIENT_READY;
    }
    if (client->state == CLIENT_READY && client->socket < 0) {
        client_connect(load, client);
    } else if (client->state == CLIENT_READY && next_due_us(load) <= clock_mono_us()) {
        client_ask(load, client, &load->questions.list[load->tally.asked % load->questions.count], next_due_us(load));
    }
}

static size_t count_clients(const struct load *load, enum client_state state)
{
    size_t count = 0;

    for (long i = 0; i < load->settings.clients; i++) {
        count += load->clients[i].state == state;
    }
    return count;
}

/* They connect one after the other, so that no listener is overrun. */
static void connect_all(struct load *load)
{
    for (long i = 0; i < load->settings.clients && !told_to_end; i++) {
        struct client *client = &load->clients[i];
        *client = (struct client){.socket = -1};
        buffer_init(&client->in, BODY_MAX);
        client_connect(load, client);
        while (client->state == CLIENT_CONNECTING && client->due_ms > clock_mono_ms()) {
            poll_clients(load);
        }
    }
}

static void run(struct load *load)
{
    int64_t end_ms = load->settings.seconds > 0 ? clock_mono_ms() + load->settings.seconds * 1000 : INT64_MAX;
    bool over = false;

    load->began_us = clock_mono_us();
    while (!over) {
        int64_t now_ms = clock_mono_ms();
        load->ending = load->ending || told_to_end || now_ms >= end_ms;
        for (long i = 0; i < load->settings.clients; i++) {
            step(load, &load->clients[i], now_ms);
        }
        poll_clients(load);
        bool enough = load->settings.most_requests > 0 &&
                      load->tally.asked >= (unsigned long)load->settings.most_requests;
        if (!load->ending && !enough) {
            load->tally.paced = load->tally.answered;
            load->ended_us = clock_mono_us();
        }
        over = (load->ending || enough) && count_clients(load, CLIENT_WAITING) == 0;
    }
}

static int quantile_ms(const struct tally *tally, double part)
{
    unsigned long below = 0;
    int ms = 0;

    while (ms < SLOWEST_MS && (below += tally->took_ms[ms]) < (unsigned long)((double)tally->answered * part)) {
        ms++;
    }
    return ms;
}

static void report(const struct load *load)
{
    const struct tally *tally = &load->tally;
    int64_t took_us = load->ended_us - load->began_us;


    printf("requests %lu\n", tally->asked);
    for (int i = 0; i < 600; i++) {
        if (tally->statuses[i] > 0) {
            printf("status %d %lu\n", i, tally->statuses[i]);
        }
    }
    printf("wrong %lu\nfailed %lu\nleft %lu\n", tally->wrong, tally->failed, tally->left);
    printf("per_second %lu\n", took_us > 0 ? (unsigned long)((double)tally->paced * 1e6 / (double)took_us) : 0);
    printf("median_ms %d\np99_ms %d\nslowest_ms %d\n", quantile_ms(tally, 0.5), quantile_ms(tally, 0.99),
           quantile_ms(tally, 1));
}

static void free_all(struct load *load)
{
    for (long i = 0; load->clients != NULL && i < load->settings.clients; i++) {
        buffer_free(&load->clients[i].in);
        if (load->clients[i].socket > 0) {
            close(load->clients[i].socket);
        }
    }
    for (size_t i = 0; i < load->questions.count; i++) {
        free(load->questions.list[i].path);
    }
    free(load->questions.list);
    free(load->clients);
    close(load->epoll);
    if (load->settings.answers != NULL) {
        fclose(load->settings.answers);
    }
}

int main(int argc, char **argv)
{
    static struct load load;

    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    if (read_settings(argc, argv, &load.settings) != 0 || read_questions(argv[optind + 1], &load.questions) != 0) {
        return 64;
    }
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.clients = calloc((size_t)load.settings.clients, sizeof(*load.clients));
    if (load.epoll < 0 || load.clients == NULL) {
        return fail("out of memory") != 0;
    }
    connect_all(&load);
    run(&load);
    report(&load);
    free_all(&load);
    return load.tally.wrong == 0 && load.tally.failed == 0 ? 0 : 1;
}
