#include "http/slow.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "http/arrivals.h"
#include "http/request.h"
#include "http/shortage.h"

/* How often connections are looked over. */
#define LOOK_MS 1000

/* Besides its share of silence, what is large has the time that it takes at this pace. */
#define BYTES_PER_S 65536

void slow_add(struct request *request)
{
    LIST_INSERT_HEAD(&request->worker->connected, request, slow.entry);
}

void slow_remove(struct request *request)
{
    LIST_REMOVE(request, slow.entry);
}

/* To read: who was silent as long as it may be still has as long again for its request. How much
 * is sent libmicrohttpd does not tell: it may be the largest answer that there is. */
static int64_t time_of(const struct request *request)
{
    size_t sent = request->slow.bytes > MAX_RESPONSE_BYTES ? request->slow.bytes : MAX_RESPONSE_BYTES;
    size_t bytes = request->slow.is_answered ? sent : request->body.length;

    return 2 * request->http->idle_timeout_s * 1000 + (int64_t)bytes * 1000 / BYTES_PER_S;
}

static bool waits(const struct request *request)
{
    return request->state == REQUEST_LINGERS || request->state == REQUEST_WAITING || request->state == REQUEST_BACK;
}

/* libmicrohttpd finds its end in its next run. */
static void end(const struct request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (info != NULL) {
        count(COUNT_LIMIT_SLOW);
        (void)shutdown(info->connect_fd, SHUT_RDWR);
    }
}

static void look_at(struct request *request, int64_t now_ms)
{
    struct slow *slow = &request->slow;

    if (waits(request)) {
        slow->until_ms = 0;
    } else if (slow->until_ms == 0) {
        slow->until_ms = now_ms + time_of(request);
    } else if (now_ms >= slow->until_ms) {
        slow->until_ms = INT64_MAX; /* once is enough */
        end(request);
    }
}

void slow_look(struct worker *worker)
{
    int64_t now_ms = clock_mono_ms();

    if (now_ms - worker->looked_ms < LOOK_MS) {
        return;
    }
    worker->looked_ms = now_ms;
    struct request *request;
    LIST_FOREACH(request, &worker->connected, slow.entry) {
        look_at(request, now_ms);
    }
    if (worker->arrivals != NULL) {
        arrivals_look(worker->arrivals);
    }
    shortage_look(worker);
}
