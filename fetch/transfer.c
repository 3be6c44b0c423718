#include "fetch/transfer.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

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
    const struct transfer_request *request;
    struct transfer_answer *answer;
    size_t header_bytes;
    unsigned allowed; /* addresses that a connection may go to */
    char refused[NETWORK_TEXT_BYTES]; /* the last one that none may go to; "": none */
    char cause[CURL_ERROR_SIZE];
};

static size_t take_body(char *data, size_t one, size_t size, void *context)
{
    struct buffer *body = &((struct transfer *)context)->answer->body;

    (void)one;
    buffer_append(body, data, size);
    return body->failed ? 0 : size;
}

/* What libcurl keeps of a header has a bound of its own only since 8.3. */
static size_t take_header(char *data, size_t one, size_t size, void *context)
{
    struct transfer *transfer = context;

    (void)data;
    (void)one;
    transfer->header_bytes += size;
    return transfer->header_bytes > MAX_FETCH_HEADER_BYTES ? 0 : size;
}

/* The address is the one that libcurl connects this socket to: whatever a name may resolve to a moment later. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = context;
    const struct transfer_request *request = transfer->request;

    (void)purpose;
    if (!request->anywhere && !network_may_reach(request->networks, request->network_count, &address->addr)) {
        network_text(&address->addr, transfer->refused);
        return CURL_SOCKET_BAD;
    }
    transfer->allowed++;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int is_stopped(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const atomic_bool *stop = ((struct transfer *)context)->request->stop;

    (void)a, (void)b, (void)c, (void)d;
    return stop != NULL && atomic_load(stop);
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

static int add_headers(struct transfer *transfer, struct error *error)
{
    const struct transfer_request *request = transfer->request;

    if (add_header(transfer, "Accept: ", request->accept, error) != 0 ||
        add_header(transfer, "Authorization: Bearer ", request->token, error) != 0) {
        return -1;
    }
    /* "Expect:" alone keeps libcurl from asking first whether a large body is welcome. */
    if (request->post.data != NULL && (add_header(transfer, "Content-Type: ", request->post_type, error) != 0 ||
                                       add_header(transfer, "Expect:", "", error) != 0)) {
        return -1;
    }
    return 0;
}

static bool set_limits(struct transfer *transfer)
{
    CURL *curl = transfer->curl;
    long timeout_ms = (long)transfer->request->timeout_ms;
    /* What the body may hold bounds it already; a declared length over it ends the transfer before it begins. */
    curl_off_t most = (curl_off_t)transfer->answer->body.max_bytes;

    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           /* So that a resolver that hangs is left behind and not waited for. */
           curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, most) == CURLE_OK;
}

static bool set_callbacks(struct transfer *transfer)
{
    CURL *curl = transfer->curl;

    return curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->cause) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_stopped) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
}

static bool set_post(struct transfer *transfer)
{
    struct bytes post = transfer->request->post;

    return post.data == NULL ||
           (curl_easy_setopt(transfer->curl, CURLOPT_POST, 1L) == CURLE_OK &&
            curl_easy_setopt(transfer->curl, CURLOPT_POSTFIELDS, post.data) == CURLE_OK &&
            curl_easy_setopt(transfer->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post.size) == CURLE_OK);
}

static bool set_request(struct transfer *transfer)
{
    const struct transfer_request *request = transfer->request;
    CURL *curl = transfer->curl;

    return curl_easy_setopt(curl, CURLOPT_URL, request->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, USER_AGENT) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           (request->ca_file == NULL || curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file) == CURLE_OK) &&
           set_post(transfer);
}

/* Always -1. */
static int explain(struct transfer *transfer, CURLcode code, struct error *error)
{
    struct transfer_answer *answer = transfer->answer;

    if (code == CURLE_FILESIZE_EXCEEDED || (code == CURLE_WRITE_ERROR && answer->body.failed)) {
        return error_set(error, "the answer is larger than %zu bytes", answer->body.max_bytes);
    }
    if (transfer->header_bytes > MAX_FETCH_HEADER_BYTES) {
        return error_set(error, "the answer's header is larger than %d bytes", MAX_FETCH_HEADER_BYTES);
    }
    if (transfer->refused[0] != '\0' && transfer->allowed == 0) {
        answer->refused = true;
        return error_set(error, "the address %s is neither public nor in a network that may be reached",
                         transfer->refused);
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return error_set(error, "broken off");
    }
    return error_set(error, "%s", transfer->cause[0] != '\0' ? transfer->cause : curl_easy_strerror(code));
}

static int take_facts(struct transfer *transfer, struct error *error)
{
    struct transfer_answer *answer = transfer->answer;
    const char *type = NULL, *redirect = NULL;
    curl_off_t retry_after_s = 0;

    if (curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &answer->status) != CURLE_OK ||
        curl_easy_getinfo(transfer->curl, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK ||
        curl_easy_getinfo(transfer->curl, CURLINFO_REDIRECT_URL, &redirect) != CURLE_OK ||
        curl_easy_getinfo(transfer->curl, CURLINFO_RETRY_AFTER, &retry_after_s) != CURLE_OK) {
        return error_set(error, "libcurl tells nothing of the answer");
    }
    if (retry_after_s > 0) { /* a date in the past is below */
        answer->retry_after_s = retry_after_s < MAX_FETCH_RETRY_AFTER_S ? retry_after_s : MAX_FETCH_RETRY_AFTER_S;
    }
    size_t size = type != NULL ? strlen(type) : 0;
    if (size > 0 && size < sizeof(answer->content_type)) {
        memcpy(answer->content_type, type, size + 1);
    }
    if (redirect != NULL) {
        answer->redirect = strdup(redirect);
        return answer->redirect != NULL ? 0 : error_set(error, "out of memory");
    }
    return 0;
}

int transfer_run(const struct transfer_request *request, struct transfer_answer *answer, struct error *error)
{
    struct transfer transfer = {.request = request, .answer = answer};
    int result = -1;

    pthread_once(&once, start_curl);
    transfer.curl = curl_works ? curl_easy_init() : NULL;
    if (transfer.curl == NULL) {
        error_set(error, "libcurl does not start");
        goto out;
    }
    if (add_headers(&transfer, error) != 0) {
        goto out;
    }
    if (!set_limits(&transfer) || !set_callbacks(&transfer) || !set_request(&transfer)) {
        error_set(error, "libcurl refuses an option, or memory is out");
        goto out;
    }
    CURLcode code = curl_easy_perform(transfer.curl);

    result = code == CURLE_OK ? take_facts(&transfer, error) : explain(&transfer, code, error);
out:
    curl_slist_free_all(transfer.headers);
    curl_easy_cleanup(transfer.curl);
    return result;
}

void transfer_clear(struct transfer_answer *answer)
{
    buffer_free(&answer->body);
    free(answer->redirect);
    answer->redirect = NULL;
}
