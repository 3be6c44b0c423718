#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/cors.h"
#include "http/request.h"
#include "http/rules.h"

#define LISTED_MAX 4
#define ALLOWED "abcdefghijklmnopqrstuvwxyz0123456789.-_:/[]"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The next line, without its end, as a string of the caller's. */
static char *take_line(struct bytes *rest)
{
    const uint8_t *end = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
    size_t line = end != NULL ? (size_t)(end - rest->data) : rest->size;
    char *text = strndup((const char *)rest->data, line);

    must(text != NULL);
    line += end != NULL;
    *rest = bytes_of(rest->data + line, rest->size - line);
    return text;
}

/* What may stand in http.cors-origins is "*", or printable, short, and of one of the schemes. */
static bool may_be_listed(const char *text)
{
    struct error error = {""};
    bool may = http_origin_check(text, &error) == 0;

    must(may == (error.text[0] == '\0'));
    must(!may || strcmp(text, HTTP_ORIGIN_ANY) == 0 ||
         ((strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0) && strlen(text) < 300 &&
          text[strspn(text, ALLOWED)] == '\0' && text[strlen(text) - 1] != '/'));
    return may;
}

/* The page of `origin` may read the answer, by the name that is wanted; NULL: it may not, and neither may one whose
 * Origin is no value of a field. */
static void check(const char *const *listed, size_t count, const char *origin, const char *want)
{
    static char body[] = "";
    static struct http http;
    static struct request request;
    const struct http_config config = {.token = "", .origins = listed, .origin_count = count};
    struct error error;
    struct rules *rules = rules_make(&config, &error);
    struct worker worker = {.http = &http, .rules = rules};
    struct MHD_Response *response = MHD_create_response_from_buffer(0, body, MHD_RESPMEM_PERSISTENT);

    must(rules != NULL && response != NULL);
    http.rules_number = rules->number;
    request = (struct request){.worker = &worker, .by_origin = count > 0};
    headers_init(&request.headers);
    headers_add(&request.headers, bytes_of_string("Origin"), bytes_of_string(origin));
    want = request.headers.origins == 1 ? want : NULL;
    cors_complete(&request, response);
    const char *allowed = MHD_get_response_header(response, "Access-Control-Allow-Origin");
    must((allowed != NULL) == (want != NULL) && (want == NULL || strcmp(allowed, want) == 0));
    must((MHD_get_response_header(response, "Vary") != NULL) == (count > 0));
    must(MHD_get_response_header(response, "Access-Control-Allow-Credentials") == NULL);
    MHD_destroy_response(response);
    rules_free(&rules);
}

/* First what a request says in Origin, then a line for each of http.cors-origins. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size);
    char *origin = take_line(&rest), *listed[LISTED_MAX];
    const char *want = NULL;
    size_t count = 0;

    (void)may_be_listed(origin);
    while (rest.size > 0 && count < LISTED_MAX) {
        char *text = take_line(&rest);

        if (!may_be_listed(text)) {
            free(text);
            continue;
        }
        listed[count++] = text;
        want = want == NULL && (strcmp(text, HTTP_ORIGIN_ANY) == 0 || strcmp(text, origin) == 0) ? text : want;
    }
    check((const char *const *)listed, count, origin, want);
    while (count > 0) {
        free(listed[--count]);
    }
    free(origin);
    return 0;
}
