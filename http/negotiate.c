#include "http/negotiate.h"

#include <pthread.h>
#include <strings.h>

#include "http/headers.h"

/* A media range of Accept, or the media type of a format: the same grammar but for the stars and the weight. */
struct range {
    struct bytes type;
    struct bytes subtype;
    struct bytes parameters; /* from the first ';' */
    int weight;              /* thousandths */
};

static bool equal_nocase(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || strncasecmp((const char *)a.data, (const char *)b.data, a.size) == 0);
}

/* Where the first `separator` stands that is in no quoted-string; the size of `text`: nowhere. */
static size_t find_unquoted(struct bytes text, char separator)
{
    const uint8_t *found = text.size > 0 ? memchr(text.data, separator, text.size) : NULL;
    size_t end = found != NULL ? (size_t)(found - text.data) : text.size;
    bool quoted = false;

    if (end == 0 || memchr(text.data, '"', end) == NULL) {
        return end;
    }
    for (end = 0; end < text.size && (quoted || text.data[end] != separator); end++) {
        if (text.data[end] == '"') {
            quoted = !quoted;
        } else if (text.data[end] == '\\' && quoted && end + 1 < text.size) {
            end++;
        }
    }
    return end;
}

/* Cuts off what stands before that separator, and trims it. */
static struct bytes cut_unquoted(struct bytes *rest, char separator)
{
    size_t end = find_unquoted(*rest, separator);
    struct bytes head = headers_trim(bytes_of(rest->data, end));
    size_t skip = end < rest->size ? end + 1 : end;
    *rest = bytes_of(rest->data + skip, rest->size - skip);
    return head;
}

/* Takes the next ";name=value" off. A value loses its quotes. False: there is none. */
static bool next_parameter(struct bytes *rest, struct bytes *name, struct bytes *value)
{
    struct bytes parameter = {NULL, 0};

    while (parameter.size == 0 && rest->size > 0) {
        parameter = cut_unquoted(rest, ';');
    }
    *value = parameter;
    *name = cut_unquoted(value, '=');
    *value = headers_trim(*value);
    if (value->size >= 2 && value->data[0] == '"' && value->data[value->size - 1] == '"') {
        *value = bytes_of(value->data + 1, value->size - 2);
    }
    return parameter.size > 0;
}

/* qvalue, RFC 9110 12.4.2; ".5" too, which old clients send. -1: not one. */
static int parse_weight(struct bytes text)
{
    int weight = 0;
    int unit = 1000;
    size_t i = 0;

    if (i < text.size && (text.data[i] == '0' || text.data[i] == '1')) {
        weight = (text.data[i++] - '0') * unit;
    }
    if (i < text.size && text.data[i] == '.') {
        for (i++; i < text.size && unit > 1 && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
            unit /= 10;
            weight += (text.data[i] - '0') * unit;
        }
    }
    return text.size > 0 && i == text.size && weight <= 1000 ? weight : -1;
}

/* False: not a media range. */
static bool parse_range(struct bytes text, struct range *range)
{
    struct bytes name, value;

    range->parameters = text;
    range->subtype = cut_unquoted(&range->parameters, ';');
    range->type = cut_unquoted(&range->subtype, '/');
    range->weight = 1000;
    /* A lone star is what Java sends. */
    if (range->type.size == 1 && range->type.data[0] == '*' && range->subtype.size == 0) {
        range->subtype = range->type;
    }
    struct bytes rest = range->parameters;
    while (next_parameter(&rest, &name, &value)) {
        if (equal_nocase(name, bytes_of("q", 1))) {
            range->weight = parse_weight(value);
        }
    }
    return range->type.size > 0 && range->subtype.size > 0 && range->weight >= 0;
}

static bool is_star(struct bytes text)
{
    return text.size == 1 && text.data[0] == '*';
}

/* The value that the type states for a parameter; false: it states none. */
static bool find_parameter(const struct range *type, struct bytes wanted, struct bytes *value)
{
    struct bytes rest = type->parameters;
    struct bytes name;

    while (next_parameter(&rest, &name, value)) {
        if (equal_nocase(name, wanted)) {
            return true;
        }
    }
    return false;
}

/* How exactly the range names the type: 0 for stars alone, more for each part named; -1: it does not.
 * A parameter that the type does not state (charset=utf-8) makes no difference. */
static int match(const struct range *range, const struct range *type)
{
    struct bytes rest = range->parameters;
    struct bytes name, wanted, stated;
    int exactness = 0;

    if (!is_star(range->type)) {
        if (!equal_nocase(range->type, type->type)) {
            return -1;
        }
        exactness++;
    }
    if (!is_star(range->subtype)) {
        if (is_star(range->type) || !equal_nocase(range->subtype, type->subtype)) {
            return -1;
        }
        exactness++;
    }
    while (next_parameter(&rest, &name, &wanted) && !equal_nocase(name, bytes_of("q", 1))) {
        if (find_parameter(type, name, &stated)) {
            if (!equal_nocase(wanted, stated)) {
                return -1;
            }
            exactness++;
        }
    }
    return exactness;
}

struct score {
    int exactness; /* of the most exact range that names this type, which alone says its weight; -1: none does */
    int weight;
};

/* What a resource can give: those of `types` whose bit is set. */
struct offer {
    const struct range *types;
    unsigned count; /* NEGOTIATE_TYPES_MAX at most */
    unsigned bits;
    unsigned preferred;
};

static void score_range(const struct range *range, const struct offer *offer, struct score *scores)
{
    for (unsigned i = 0; i < offer->count; i++) {
        int exactness = (offer->bits & (1u << i)) != 0 ? match(range, &offer->types[i]) : -1;
        bool better = exactness > scores[i].exactness ||
                      (exactness == scores[i].exactness && range->weight > scores[i].weight);
        if (exactness >= 0 && better) {
            scores[i] = (struct score){exactness, range->weight};
        }
    }
}

static bool choose(const struct score *scores, const struct offer *offer, unsigned *chosen)
{
    struct score best = {-1, 0};

    for (unsigned i = 0; i < offer->count; i++) {
        bool better = scores[i].weight > best.weight ||
                      (scores[i].weight == best.weight &&
                       (scores[i].exactness > best.exactness ||
                        (scores[i].exactness == best.exactness && i == offer->preferred)));
        if (scores[i].exactness >= 0 && scores[i].weight > 0 && better) {
            best = scores[i];
            *chosen = i;
        }
    }
    return best.exactness >= 0;
}

/* False: nothing that is offered is acceptable; `chosen` is unchanged. */
static bool negotiate(const struct bytes *accept, size_t count, const struct offer *offer, unsigned *chosen)
{
    struct score scores[NEGOTIATE_TYPES_MAX];
    struct range range;
    size_t ranges = 0;
    size_t readable = 0;

    for (unsigned i = 0; i < offer->count; i++) {
        scores[i] = (struct score){-1, 0};
    }
    for (size_t i = 0; i < count; i++) {
        struct bytes rest = accept[i];
        while (rest.size > 0 && ranges < NEGOTIATE_RANGES_MAX) {
            ranges++;
            if (parse_range(cut_unquoted(&rest, ','), &range)) {
                readable++;
                score_range(&range, offer, scores);
            }
        }
    }
    if (readable == 0) {
        *chosen = offer->preferred;
        return true;
    }
    return choose(scores, offer, chosen);
}

/* The media types of the formats, read once. */
static struct range types[FORMAT_COUNT];
static unsigned readable_types;
static pthread_once_t types_once = PTHREAD_ONCE_INIT;

_Static_assert(FORMAT_COUNT <= NEGOTIATE_TYPES_MAX, "every format can be offered");

static void read_types(void)
{
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        const char *media_type = render_formats[i].media_type;
        if (media_type != NULL && parse_range(bytes_of_string(media_type), &types[i])) {
            readable_types |= FORMAT_BIT(i);
        }
    }
}

bool negotiate_accept(const struct bytes *accept, size_t count, unsigned offered, enum format preferred,
                      enum format *format)
{
    unsigned chosen;

    if (count == 0) {
        *format = preferred;
        return true;
    }
    pthread_once(&types_once, read_types);
    const struct offer offer = {types, FORMAT_COUNT, offered & readable_types, preferred};
    if (!negotiate(accept, count, &offer, &chosen)) {
        return false;
    }
    *format = (enum format)chosen;
    return true;
}

size_t negotiate_type(const struct bytes *accept, size_t count, const char *const *media_types, size_t type_count)
{
    struct range ranges[NEGOTIATE_TYPES_MAX];
    struct offer offer = {ranges, (unsigned)type_count, 0, 0};
    unsigned chosen = 0;

    for (size_t i = 0; i < type_count; i++) {
        if (parse_range(bytes_of_string(media_types[i]), &ranges[i])) {
            offer.bits |= 1u << i;
        }
    }
    negotiate(accept, count, &offer, &chosen);
    return chosen;
}

bool negotiate_name(struct bytes name, enum format *format)
{
    enum format named;

    if (!format_parse(name, &named) || render_formats[named].media_type == NULL) {
        return false;
    }
    *format = named;
    return true;
}
