#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/request.h"
#include "http/rules.h"

#define ALLOWED "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* "urn:uuid:" of RFC 9562, version 4. */
static bool is_ours(const char *instance)
{
    static const char form[] = "urn:uuid:xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
    size_t i = 0;

    while (form[i] != '\0' && (form[i] == 'x'   ? strchr("0123456789abcdef", instance[i]) != NULL
                               : form[i] == 'y' ? strchr("89ab", instance[i]) != NULL : form[i] == instance[i])) {
        i++;
    }
    return form[i] == '\0' && instance[i] == '\0';
}

static void add_lines(struct headers *headers, struct bytes rest)
{
    while (rest.size > 0) {
        const uint8_t *end = memchr(rest.data, '\n', rest.size);
        size_t line = end != NULL ? (size_t)(end - rest.data) : rest.size;

        headers_add(headers, bytes_of_string("X-Request-Id"), bytes_of(rest.data, line));
        line += end != NULL;
        rest = bytes_of(rest.data + line, rest.size - line);
    }
}

static struct rules *trust_10_8(void)
{
    static const struct network proxies[] = {{.family = AF_INET, .address = {10}, .prefix = 8}};
    const struct http_config config = {.token = "", .proxies = proxies, .proxy_count = 1};
    struct error error;
    struct rules *rules = rules_make(&config, &error);

    must(rules != NULL);
    return rules;
}

/* X-Request-Id, a field to each line, of a proxy that we trust and of somebody else: it is taken over as it is, whole,
 * or not at all. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http http;
    static struct worker worker = {.http = &http};
    static struct request request;
    struct sockaddr_in peer = {.sin_family = AF_INET};
    char instance[REQUEST_INSTANCE_BYTES];

    worker.rules = worker.rules != NULL ? worker.rules : trust_10_8();
    for (unsigned trusted = 0; trusted < 2; trusted++) {
        peer.sin_addr.s_addr = htonl(trusted != 0 ? 0x0a000001 : 0xc0000201);
        request = (struct request){.worker = &worker, .peer = (const struct sockaddr *)&peer};
        headers_init(&request.headers);
        add_lines(&request.headers, bytes_of(data, size));
        must(request_instance(&request, instance) == instance);

        struct bytes sent = request.headers.request_id;
        bool takes = trusted != 0 && request.headers.request_ids == 1 && request_id_is_sane(sent);
        must(request.id_is_taken == takes);
        must(takes ? instance[0] == '#' && bytes_equal(bytes_of_string(instance + 1), sent) : is_ours(instance));
        must(!takes || (sent.size <= REQUEST_ID_MAX && strspn(instance + 1, ALLOWED) == sent.size));
        must(strcmp(request.id, instance + (takes ? strlen("#") : strlen("urn:uuid:"))) == 0);
    }
    return 0;
}
