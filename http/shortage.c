#include "http/shortage.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/listener.h"
#include "http/worker.h"

#define TELL_MS 60000

static void tell(int fault)
{
    static _Atomic int64_t next_ms; /* mono */
    int64_t now_ms = clock_mono_ms(), next = atomic_load(&next_ms);

    if (now_ms >= next && atomic_compare_exchange_strong(&next_ms, &next, now_ms + TELL_MS)) {
        log_event(LEVEL_WARNING, "no descriptor is left for one more connection", LOG_TEXT("error", strerror(fault)));
    }
}

bool shortage_is(int fault)
{
    if (fault != EMFILE && fault != ENFILE && fault != ENOBUFS && fault != ENOMEM) {
        return false;
    }
    tell(fault);
    return true;
}

/* A connection that its client has closed already is enough: libmicrohttpd closes it, too. Where there is no room for
 * one, there is none for another either. */
void shortage_look(struct worker *worker)
{
    struct sockaddr_storage nobody = {.ss_family = AF_UNSPEC};
    int pair[2];

    if (!worker->is_deaf || atomic_load(worker->connections) >= worker->http->max_connections ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
        return;
    }
    close(pair[1]);
    worker->is_deaf = MHD_add_connection(worker->daemon, pair[0], (const struct sockaddr *)&nobody,
                                         sizeof(struct sockaddr)) != MHD_YES;
}
