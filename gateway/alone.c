#include "gateway/alone.h"

/* A small certificate takes 0.06 to 0.2 ms, with signatures of all its issuers 1 ms. */
#define LONG_US 3000

/* So no more than a hundredth of the engine's time goes into what takes long; and one that took long for no fault of
 * its own, as on a busy machine, costs little. */
#define REST_TIMES 100
#define REST_MAX_MS 10000

bool alone_may_work(const struct alone *alone, size_t flights, int64_t now_ms)
{
    return flights <= alone->most_flights && now_ms >= alone->rests_until_ms;
}

void alone_worked(struct alone *alone, int64_t took_us, int64_t now_ms)
{
    if (took_us > LONG_US) {
        int64_t rest_ms = took_us / 1000 * REST_TIMES;
        int64_t until_ms = now_ms + (rest_ms < REST_MAX_MS ? rest_ms : REST_MAX_MS);
        alone->rests_until_ms = until_ms > alone->rests_until_ms ? until_ms : alone->rests_until_ms;
    }
}
