#include "http/request_id.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/client.h"
#include "http/request.h"
#include "http/routes.h"
#include "http/rules.h"

#define UUID_BYTES 16
#define LINES_EACH_SECOND 50

bool request_id_is_sane(struct bytes id)
{
    static const bool allowed[256] = {
        ['-' ... '.'] = true, ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['_'] = true, ['a' ... 'z'] = true,
    };

    for (size_t i = 0; i < id.size; i++) {
        if (!allowed[id.data[i]]) {
            return false;
        }
    }
    return id.size > 0 && id.size <= REQUEST_ID_MAX;
}

static bool is_from_proxy(const struct request *request)
{
    const struct rules *rules = worker_rules(request->worker);

    return request->peer != NULL && client_is_proxy(rules->proxies, rules->proxy_count, request->peer);
}

static bool take_over(struct request *request)
{
    struct bytes sent = request->headers.request_id;

    if (request->headers.request_ids != 1 || !request_id_is_sane(sent) || !is_from_proxy(request)) {
        return false;
    }
    memcpy(request->id, sent.data, sent.size);
    request->id[sent.size] = '\0';
    return true;
}

/* Version 4 of RFC 9562 5.4. */
static void make_uuid(char out[REQUEST_ID_BYTES])
{
    uint8_t octets[UUID_BYTES];
    char *at = out;

    if (getrandom(octets, sizeof(octets), 0) != (ssize_t)sizeof(octets)) {
        return;
    }
    octets[6] = (uint8_t)(0x40 | (octets[6] & 0x0f));
    octets[8] = (uint8_t)(0x80 | (octets[8] & 0x3f));
    for (size_t i = 0; i < sizeof(octets); i++) {
        at += snprintf(at, 4, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", octets[i]);
    }
}

const char *request_id(struct request *request)
{
    if (request->id[0] == '\0') {
        request->id_is_taken = take_over(request);
        if (!request->id_is_taken) {
            make_uuid(request->id);
        }
    }
    return request->id;
}

const char *request_instance(struct request *request, char out[REQUEST_INSTANCE_BYTES])
{
    const char *id = request_id(request);

    if (id[0] == '\0') {
        return NULL;
    }
    snprintf(out, REQUEST_INSTANCE_BYTES, "%s%s", request->id_is_taken ? "#" : "urn:uuid:", id);
    return out;
}

static bool may_tell(struct worker *worker)
{
    int64_t now_s = clock_mono_ms() / 1000;

    if (worker->told_s != now_s) {
        worker->told_s = now_s;
        worker->told = 0;
    }
    return worker->told++ < LINES_EACH_SECOND;
}

void request_tell_refusal(struct request *request, unsigned status, const char *why)
{
    const struct route *route = request->route;

    if (log_enabled(LEVEL_INFO) && may_tell(request->worker)) {
        log_event(LEVEL_INFO, "request refused", LOG_TEXT("id", request_id(request)), LOG_NUMBER("status", status),
                  LOG_TEXT("method", request->method != NULL ? request->method : "none"),
                  LOG_TEXT("route", route != NULL ? route->pattern : "none"), LOG_TEXT("why", why));
    }
}
