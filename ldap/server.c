#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ldap/sync.h"

/* While another server does the work, one that failed rests this long, doubling with each failure in a row. */
#define REST_LEAST_MS 1000
#define REST_MOST_MS (30 * 1000)
/* While none works, they are tried often enough that a lookup sees a revived one within about a second. */
#define DOWN_REST_LEAST_MS 100
#define DOWN_REST_WANTED_MS 1000
#define DOWN_REST_IDLE_MS 5000
#define WANTED_FOR_MS 5000
/* A wrong password does not get better by being repeated, but many directories lock the account for it. */
#define REFUSED_REST_MS (5 * 60 * 1000)

bool directory_is_down(const struct directory *directory)
{
    for (size_t i = 0; i < directory->config.uri_count; i++) {
        if (!directory->servers[i].failing) {
            return false;
        }
    }
    return directory_best_server(directory) == NO_SERVER;
}

size_t directory_best_server(const struct directory *directory)
{
    size_t best = NO_SERVER;

    for (size_t i = 0; i < directory->connection_count; i++) {
        if (directory->connections[i].server < best) {
            best = directory->connections[i].server;
        }
    }
    return best;
}

bool server_has_link(const struct directory *directory, size_t server)
{
    for (size_t i = 0; i < directory->connection_count; i++) {
        if (directory->connections[i].server == server) {
            return true;
        }
    }
    return false;
}

struct connection *directory_spare_connection(const struct directory *directory)
{
    for (size_t i = 0; i < directory->connection_count; i++) {
        if (directory->connections[i].server == NO_SERVER) {
            return &directory->connections[i];
        }
    }
    return NULL;
}

static int64_t rest_ms(const struct directory *directory, const struct server *server)
{
    if (server->refuses) {
        return REFUSED_REST_MS;
    }
    bool is_down = directory_is_down(directory);
    bool is_wanted = clock_mono_ms() - directory->wanted_ms < WANTED_FOR_MS || sync_wants_link(directory);
    int64_t most = !is_down ? REST_MOST_MS : is_wanted ? DOWN_REST_WANTED_MS : DOWN_REST_IDLE_MS;
    int64_t rest = is_down ? DOWN_REST_LEAST_MS : REST_LEAST_MS;

    for (unsigned i = 1; i < server->strikes && rest < most; i++) {
        rest *= 2;
    }
    rest = rest < most ? rest : most;
    return rest - rest * server->jitter / 1024;
}

int64_t server_due_ms(const struct directory *directory, const struct server *server)
{
    return server->failing ? server->failed_ms + rest_ms(directory, server) : 0;
}

/* What else is open to a server that failed is used only as long as there is no other. */
static void retire_links(struct directory *directory, size_t server)
{
    bool has_other = false;

    for (size_t i = 0; i < directory->config.uri_count; i++) {
        has_other = has_other || !directory->servers[i].failing;
    }
    for (size_t i = 0; has_other && i < directory->connection_count; i++) {
        if (directory->connections[i].server == server) {
            connection_retire(&directory->connections[i]);
        }
    }
}

static void note_failure(struct directory *directory, struct server *server, const struct error *error)
{
    server->failing = true;
    server->strikes++;
    server->failed_ms = clock_mono_ms();
    server->jitter = (unsigned)(clock_mono_us() & 127);
    server->error = *error;
    directory->last_error = *error;
    keeper_wake(directory);
}

void server_not_dialled(struct directory *directory, size_t server, bool refuses, const struct error *error)
{
    count_directory(directory->number, DIRECTORY_CONNECT_FAILURES);
    directory->servers[server].refuses = refuses;
    if (server_has_link(directory, server)) {
        directory->no_more_until_ms = clock_mono_ms() + (refuses ? REFUSED_REST_MS : NO_MORE_MS);
    } else {
        note_failure(directory, &directory->servers[server], error);
    }
}

void server_failed(struct directory *directory, size_t server, const struct error *error)
{
    directory->servers[server].on_probation = true;
    directory->servers[server].refuses = false;
    note_failure(directory, &directory->servers[server], error);
    retire_links(directory, server);
}

static void note_success(struct directory *directory, struct server *server)
{
    server->failing = false;
    if (!server->on_probation) {
        server->strikes = 0;
        server->is_reported = false;
        directory->is_up = true;
    }
}

void server_dialled(struct directory *directory, size_t server)
{
    count_directory(directory->number, DIRECTORY_CONNECTS);
    directory->up_server = server;
    note_success(directory, &directory->servers[server]);
}

void server_answered(struct directory *directory, size_t server)
{
    struct server *good = &directory->servers[server];

    if (good->on_probation || good->failing) {
        good->on_probation = false;
        directory->up_server = server;
        note_success(directory, good);
        keeper_wake(directory);
    }
}

static void report_directory(struct directory *directory)
{
    bool is_up = directory->is_up;
    const char *server = directory->servers[directory->up_server].name;
    struct error error = directory->last_error;

    directory->reported = is_up ? REPORTED_UP : REPORTED_DOWN;
    gauge_directory(directory->number, DIRECTORY_UP, is_up);
    pthread_mutex_unlock(&directory->lock);
    if (is_up) {
        log_event(LEVEL_NOTICE, "directory is up", LOG_TEXT("directory", directory->config.name),
                  LOG_TEXT("server", server));
    } else {
        log_event(LEVEL_WARNING, "directory is down", LOG_TEXT("directory", directory->config.name),
                  LOG_TEXT("error", error.text));
    }
    pthread_mutex_lock(&directory->lock);
}

static void report_server(struct directory *directory, struct server *server)
{
    struct error error = server->error;

    server->is_reported = true;
    pthread_mutex_unlock(&directory->lock);
    log_event(LEVEL_NOTICE, "a server of the directory failed, another one is asked",
              LOG_TEXT("directory", directory->config.name), LOG_TEXT("error", error.text));
    pthread_mutex_lock(&directory->lock);
}

void directory_report(struct directory *directory)
{
    directory->is_up = directory->is_up && !directory_is_down(directory);
    if (directory->is_up ? directory->reported != REPORTED_UP
                         : directory->reported != REPORTED_DOWN && directory_is_down(directory)) {
        report_directory(directory);
    }
    for (size_t i = 0; i < directory->config.uri_count; i++) {
        struct server *server = &directory->servers[i];

        if (server->failing && !server->is_reported && !directory_is_down(directory)) {
            report_server(directory, server);
        }
    }
}
