#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ldap/private.h"

/* While another server does the work, one that failed rests this long, doubling with each failure in a row. */
#define REST_LEAST_MS 1000
#define REST_MOST_MS (30 * 1000)
/* While none works, they are tried often enough that a lookup sees a revived one within about a second. */
#define DOWN_REST_LEAST_MS 100
#define DOWN_REST_WANTED_MS 1000
#define DOWN_REST_IDLE_MS 5000
#define WANTED_FOR_MS 5000

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
    bool is_down = directory_is_down(directory);
    bool is_wanted = clock_mono_ms() - directory->wanted_ms < WANTED_FOR_MS;
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

static void report(struct directory *directory, bool is_up, const char *server)
{
    gauge_directory_up(directory->number, is_up);
    if (is_up) {
        directory->reported = REPORTED_UP;
        log_event(LEVEL_NOTICE, "directory is up", LOG_TEXT("directory", directory->config.name),
                  LOG_TEXT("server", server));
    } else {
        directory->reported = REPORTED_DOWN;
        log_event(LEVEL_WARNING, "directory is down", LOG_TEXT("directory", directory->config.name),
                  LOG_TEXT("error", directory->last_error.text));
    }
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

void server_failed(struct directory *directory, size_t server, bool on_probation, const struct error *error)
{
    struct server *failed = &directory->servers[server];
    bool is_news = !failed->failing && failed->strikes == 0;

    failed->failing = true;
    failed->on_probation = failed->on_probation || on_probation;
    failed->strikes++;
    failed->failed_ms = clock_mono_ms();
    failed->jitter = (unsigned)(clock_mono_us() & 127);
    directory->last_error = *error;
    if (directory->closing) {
        return;
    }
    retire_links(directory, server);
    if (directory_is_down(directory)) {
        if (directory->reported != REPORTED_DOWN) {
            report(directory, false, failed->name);
        }
    } else if (is_news) {
        log_event(LEVEL_NOTICE, "a server of the directory failed, another takes over",
                  LOG_TEXT("directory", directory->config.name), LOG_TEXT("error", error->text));
    }
    keeper_wake(directory);
}

void server_dialled(struct directory *directory, size_t server)
{
    struct server *good = &directory->servers[server];

    good->failing = false;
    if (good->on_probation) {
        return;
    }
    good->strikes = 0;
    if (directory->reported != REPORTED_UP) {
        report(directory, true, good->name);
    }
}

void server_answered(struct directory *directory, size_t server)
{
    struct server *good = &directory->servers[server];

    if (good->on_probation || good->failing) {
        good->on_probation = false;
        server_dialled(directory, server);
    }
}
