#include "http/headers.h"

#include <strings.h>

static const struct {
    unsigned status;
    const char *text;
} faults[] = {
    [FRAMING_OK] = {200, "nothing is wrong"},
    [FRAMING_BAD_NAME] = {400, "the name of a header field is not a token (RFC 9110 5.1)"},
    [FRAMING_BAD_VALUE] = {400, "a header field holds a character that it must not (RFC 9110 5.5)"},
    [FRAMING_BAD_LENGTH] = {400, "Content-Length is not a number (RFC 9112 6.3)"},
    [FRAMING_TWO_LENGTHS] = {400, "there is more than one Content-Length (RFC 9112 6.3)"},
    [FRAMING_LENGTH_AND_CODING] = {400, "Content-Length stands beside Transfer-Encoding (RFC 9112 6.3)"},
    [FRAMING_BAD_CODING] = {400, "Transfer-Encoding is not chunked alone (RFC 9112 6.1)"},
    [FRAMING_NO_HOST] = {400, "Host is missing (RFC 9112 3.2)"},
    [FRAMING_TWO_HOSTS] = {400, "there is more than one Host (RFC 9112 3.2)"},
    [FRAMING_BAD_HOST] = {400, "Host is not a host name with an optional port (RFC 9112 3.2)"},
    [FRAMING_TOO_MANY] = {400, "a header field is repeated too often"},
    [FRAMING_UNKNOWN_LENGTH] = {411, "a body must state its Content-Length here"},
    [FRAMING_BODY_TOO_LARGE] = {413, "the body is larger than is read here"},
    [FRAMING_ENCODED] = {415, "a body is taken as it is, without Content-Encoding"},
    [FRAMING_NOT_JSON] = {415, "this takes application/json"},
};

const char *framing_fault_text(enum framing_fault fault)
{
    return faults[fault].text;
}

unsigned framing_fault_status(enum framing_fault fault)
{
    return faults[fault].status;
}

static void fail(struct headers *headers, enum framing_fault fault)
{
    if (headers->fault == FRAMING_OK) {
        headers->fault = fault;
    }
}

static void take_length(struct headers *headers, struct bytes value)
{
    uint64_t length = 0;

    headers->lengths++;
    if (value.size == 0) {
        fail(headers, FRAMING_BAD_LENGTH);
    }
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            fail(headers, FRAMING_BAD_LENGTH);
            return;
        }
        /* More digits than any body here may have only make it "too large", whatever they say. */
        if (length <= MAX_BATCH_BODY_BYTES) {
            length = length * 10 + (uint64_t)(value.data[i] - '0');
        }
    }
    headers->length = length;
}

static void take_coding(struct headers *headers, struct bytes value)
{
    headers->codings++;
    if (value.size != 7 || strncasecmp((const char *)value.data, "chunked", 7) != 0) {
        fail(headers, FRAMING_BAD_CODING);
    }
}

static bool consists_of(const bool alphabet[256], struct bytes text)
{
    size_t i = 0;

    while (i < text.size && alphabet[text.data[i]]) {
        i++;
    }
    return i == text.size;
}

/* uri-host [":" port] by its alphabet (RFC 3986 3.2.2): enough to see that it is no path and no list. */
static void take_host(struct headers *headers, struct bytes value)
{
    static const bool host[256] = {
        ['!'] = true, ['$' ... '+'] = true, ['-' ... '.'] = true, ['0' ... ';'] = true, ['='] = true,
        ['A' ... '['] = true, [']'] = true, ['_'] = true, ['a' ... 'z'] = true, ['~'] = true,
    };

    headers->hosts++;
    headers->host = value;
    if (!consists_of(host, value)) {
        fail(headers, FRAMING_BAD_HOST);
    }
}

static void take_list(struct headers *headers, struct header_list *list, struct bytes value)
{
    if (list->count == HEADERS_VALUES_MAX) {
        fail(headers, FRAMING_TOO_MANY);
        return;
    }
    list->values[list->count++] = value;
}

static void take_accept(struct headers *headers, struct bytes value)
{
    take_list(headers, &headers->accept, value);
}

static void take_if_none_match(struct headers *headers, struct bytes value)
{
    take_list(headers, &headers->if_none_match, value);
}

static void take_authorization(struct headers *headers, struct bytes value)
{
    headers->authorization = value;
    headers->authorizations++;
}

static void take_content_type(struct headers *headers, struct bytes value)
{
    headers->content_type = value;
    headers->content_types++;
}

static void take_encoding(struct headers *headers, struct bytes value)
{
    static const char as_it_is[] = "identity";

    headers->encoded = headers->encoded || value.size != sizeof(as_it_is) - 1 ||
                       strncasecmp((const char *)value.data, as_it_is, value.size) != 0;
}

static void take_request_id(struct headers *headers, struct bytes value)
{
    headers->request_id = value;
    headers->request_ids++;
}

static void take_origin(struct headers *headers, struct bytes value)
{
    headers->origin = value;
    headers->origins++;
}

static void take_preflight(struct headers *headers, struct bytes value)
{
    (void)value;
    headers->preflight = true;
}

static void take_forwarded(struct headers *headers, struct bytes value)
{
    (void)value;
    headers->forwarded = true;
}

/* The last ones are those that count: each proxy adds its own behind what came. */
static void take_forwarded_for(struct headers *headers, struct bytes value)
{
    struct header_list *list = &headers->forwarded_for;

    headers->forwarded = true;
    if (list->count == HEADERS_VALUES_MAX) {
        memmove(&list->values[0], &list->values[1], (HEADERS_VALUES_MAX - 1) * sizeof(list->values[0]));
        list->count--;
    }
    list->values[list->count++] = value;
}

static const struct field {
    const char *name;
    size_t size;
    void (*take)(struct headers *headers, struct bytes value);
} fields[] = {
#define FIELD(name_, take_) {name_, sizeof(name_) - 1, take_}
    FIELD("Host", take_host),
    FIELD("Accept", take_accept),
    FIELD("If-None-Match", take_if_none_match),
    FIELD("Authorization", take_authorization),
    FIELD("Content-Length", take_length),
    FIELD("Transfer-Encoding", take_coding),
    FIELD("Content-Type", take_content_type),
    FIELD("Content-Encoding", take_encoding),
    FIELD("Forwarded", take_forwarded),
    FIELD("X-Forwarded-For", take_forwarded_for),
    FIELD("X-Forwarded-Host", take_forwarded),
    FIELD("X-Forwarded-Proto", take_forwarded),
    FIELD("X-Real-IP", take_forwarded),
    FIELD("Via", take_forwarded),
    FIELD("X-Request-Id", take_request_id),
    FIELD("Origin", take_origin),
    FIELD("Access-Control-Request-Method", take_preflight),
#undef FIELD
};

/* RFC 9110 5.6.2 */
static bool is_token(struct bytes name)
{
    static const bool tchar[256] = {
        ['!'] = true, ['#' ... '\''] = true, ['*' ... '+'] = true, ['-' ... '.'] = true, ['0' ... '9'] = true,
        ['A' ... 'Z'] = true, ['^' ... 'z'] = true, ['|'] = true, ['~'] = true,
    };

    return name.size > 0 && consists_of(tchar, name);
}

static bool is_field_value(struct bytes value)
{
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.data[i];
        if (c == '\0' || c == '\r' || c == '\n') {
            return false;
        }
    }
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

struct bytes headers_trim(struct bytes text)
{
    while (text.size > 0 && is_blank(text.data[0])) {
        text = bytes_of(text.data + 1, text.size - 1);
    }
    while (text.size > 0 && is_blank(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

void headers_init(struct headers *headers)
{
    *headers = (struct headers){0};
}

void headers_add(struct headers *headers, struct bytes name, struct bytes value)
{
    if (!is_token(name)) {
        fail(headers, FRAMING_BAD_NAME);
        return;
    }
    if (!is_field_value(value)) {
        fail(headers, FRAMING_BAD_VALUE);
        return;
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const struct field *field = &fields[i];
        if (field->size == name.size && strncasecmp((const char *)name.data, field->name, name.size) == 0) {
            field->take(headers, value);
            return;
        }
    }
}

/* "application/json; charset=utf-8" is application/json. What the parameters say is not asked: JSON is UTF-8
 * (RFC 8259 8.1), and is read as that. */
static bool is_json(const struct headers *headers)
{
    static const char json[] = "application/json";
    size_t size = sizeof(json) - 1;
    struct bytes type = headers->content_type;

    return headers->content_types == 1 && type.size >= size &&
           strncasecmp((const char *)type.data, json, size) == 0 &&
           (type.size == size || type.data[size] == ';' || type.data[size] == ' ');
}

static enum framing_fault check_body(const struct headers *headers, size_t max_body)
{
    if (headers->codings > 0 || (max_body > 0 && headers->lengths == 0)) {
        return FRAMING_UNKNOWN_LENGTH;
    }
    if (headers->length > (max_body > 0 ? max_body : MAX_IGNORED_BODY_BYTES)) {
        return FRAMING_BODY_TOO_LARGE;
    }
    if (max_body > 0 && headers->encoded) {
        return FRAMING_ENCODED;
    }
    return max_body == 0 || is_json(headers) ? FRAMING_OK : FRAMING_NOT_JSON;
}

enum framing_fault headers_check(const struct headers *headers, bool host_required, size_t max_body)
{
    if (headers->lengths > 0 && headers->codings > 0) {
        return FRAMING_LENGTH_AND_CODING;
    }
    if (headers->lengths > 1) {
        return FRAMING_TWO_LENGTHS;
    }
    if (headers->codings > 1) {
        return FRAMING_BAD_CODING;
    }
    if (headers->fault != FRAMING_OK) {
        return headers->fault;
    }
    if (headers->hosts > 1) {
        return FRAMING_TWO_HOSTS;
    }
    if (headers->hosts == 0 && host_required) {
        return FRAMING_NO_HOST;
    }
    return check_body(headers, max_body);
}
