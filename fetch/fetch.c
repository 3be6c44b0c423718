#include "fetch/fetch.h"

#include <curl/curl.h>
#include <pthread.h>

#define MAX_TOKEN_BYTES 4096
#define MAX_HEADER_BYTES (MAX_TOKEN_BYTES + 64)
#define USER_AGENT "certlookup/" VERSION

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool curl_works;

static void start_curl(void)
{
    curl_works = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

/* One transfer with what libcurl wants to keep alive beside it. */
struct transfer {
    CURL *curl;
    struct curl_slist *headers;
    struct fetch_answer *answer;
    char cause[CURL_ERROR_SIZE];
};

static size_t take_body(char *data, size_t one, size_t size, void *context)
{
    struct buffer *body = &((struct transfer *)context)->answer->body;

    (void)one;
    buffer_append(body, data, size);
    return body->failed ? 0 : size;
}

/* A line end in the value would start a header of its own. */
static bool is_header_value(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

static int add_header(struct transfer *transfer, const char *name, const char *value, struct error *error)
{
    struct buffer line;
    int result = -1;

    if (value == NULL) {
        return 0;
    }
    buffer_init(&line, MAX_HEADER_BYTES);
    buffer_append_format(&line, "%s%s", name, value);
    if (!is_header_value(value) || line.failed) {
        error_set(error, "%s: holds a control character, or is longer than %d bytes", name, MAX_TOKEN_BYTES);
        goto out;
    }
    struct curl_slist *longer = curl_slist_append(transfer->headers, buffer_string(&line));
    if (longer == NULL) {
        error_set(error, "out of memory");
        goto out;
    }
    transfer->headers = longer;
    result = 0;
out:
    if (line.data != NULL) {
        explicit_bzero(line.data, line.size); /* it may have been the token */
    }
    buffer_free(&line);
    return result;
}

static bool set_limits(struct transfer *transfer, const struct fetch_request *request)
{
    CURL *curl = transfer->curl;
    long timeout_ms = (long)request->timeout_ms;
    /* What the body may hold bounds it already; a declared length over it ends the transfer before it begins. */
    curl_off_t most = (curl_off_t)transfer->answer->body.max_bytes;

    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, most) == CURLE_OK;
}

static bool set_request(struct transfer *transfer, const struct fetch_request *request)
{
    CURL *curl = transfer->curl;

    return curl_easy_setopt(curl, CURLOPT_URL, request->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, USER_AGENT) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           (request->ca_file == NULL || curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file) == CURLE_OK) &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->cause) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer) == CURLE_OK;
}

static int perform(struct transfer *transfer, struct error *error)
{
    struct fetch_answer *answer = transfer->answer;
    const char *type = NULL;
    CURLcode code = curl_easy_perform(transfer->curl);

    if (code == CURLE_FILESIZE_EXCEEDED || (code == CURLE_WRITE_ERROR && answer->body.failed)) {
        return error_set(error, "the answer is larger than %zu bytes", answer->body.max_bytes);
    }
    if (code != CURLE_OK) {
        return error_set(error, "%s", transfer->cause[0] != '\0' ? transfer->cause : curl_easy_strerror(code));
    }
    if (curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &answer->status) != CURLE_OK ||
        curl_easy_getinfo(transfer->curl, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK) {
        return error_set(error, "libcurl tells nothing of the answer");
    }
    size_t size = type != NULL ? strlen(type) : 0;
    if (size > 0 && size < sizeof(answer->content_type)) {
        memcpy(answer->content_type, type, size + 1);
    }
    return 0;
}

int fetch_get(const struct fetch_request *request, struct fetch_answer *answer, struct error *error)
{
    struct transfer transfer = {.answer = answer};
    int result = -1;

    answer->status = 0;
    answer->content_type[0] = '\0';
    pthread_once(&once, start_curl);
    transfer.curl = curl_works ? curl_easy_init() : NULL;
    if (transfer.curl == NULL) {
        error_set(error, "libcurl does not start");
        goto out;
    }
    if (add_header(&transfer, "Accept: ", request->accept, error) != 0 ||
        add_header(&transfer, "Authorization: Bearer ", request->token, error) != 0) {
        goto out;
    }
    if (!set_limits(&transfer, request) || !set_request(&transfer, request)) {
        error_set(error, "libcurl refuses an option, or memory is out");
        goto out;
    }
    result = perform(&transfer, error);
out:
    curl_slist_free_all(transfer.headers);
    curl_easy_cleanup(transfer.curl);
    return result;
}
