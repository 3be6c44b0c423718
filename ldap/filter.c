#include "ldap/filter.h"

#include <strings.h>

#include "base/text.h"

#define FILTER_MAX_DEPTH 16
#define FILTER_MAX_BYTES 4096
/* Each may become three kilobytes of escapes; a filter must stay something that a server takes. */
#define FILTER_MAX_PLACES 8

/* What the places of a template stand for. */
struct places {
    struct bytes mail;
    struct bytes local;
    struct bytes domain;
};

static const struct bytes *place_of(const struct places *places, char letter)
{
    switch (letter) {
    case 'm':
        return &places->mail;
    case 'u':
        return &places->local;
    case 'd':
        return &places->domain;
    default:
        return NULL;
    }
}

static void append_escaped(struct buffer *out, struct bytes value)
{
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.data[i];

        if (c < 0x20 || c > 0x7e || strchr("*()\\", c) != NULL) {
            buffer_append_format(out, "\\%02x", c);
        } else {
            buffer_append_char(out, (char)c);
        }
    }
}

static void append_filled(struct buffer *out, const char *template, const struct places *places)
{
    for (const char *at = template; *at != '\0'; at++) {
        if (*at != '%') {
            buffer_append_char(out, *at);
            continue;
        }
        at++;
        if (*at == '%') {
            buffer_append_char(out, '%');
            continue;
        }
        const struct bytes *value = place_of(places, *at);

        if (value == NULL) {
            out->failed = true;
            return;
        }
        append_escaped(out, *value);
    }
}

/* Whether the domain stands in the filter at all: one that asks for %u only reads the same in both forms. */
static bool names_domain(const char *template)
{
    for (const char *at = strchr(template, '%'); at != NULL && at[1] != '\0'; at = strchr(at + 2, '%')) {
        if (at[1] == 'm' || at[1] == 'd') {
            return true;
        }
    }
    return false;
}

static struct places places_of(const char *mail, size_t local_size)
{
    return (struct places){
        .mail = bytes_of_string(mail),
        .local = bytes_of(mail, local_size),
        .domain = bytes_of_string(mail + local_size + 1),
    };
}

int filter_build(const char *template, const struct address *address, struct buffer *out)
{
    struct places a_labels = places_of(address->text, address->local_size);
    struct places u_labels = places_of(address->display, address->local_size);
    bool both = strcmp(address->text, address->display) != 0 && names_domain(template);

    if (both) {
        buffer_append_string(out, "(|");
    }
    append_filled(out, template, &a_labels);
    if (both) {
        append_filled(out, template, &u_labels);
        buffer_append_char(out, ')');
    }
    return out->failed ? -1 : 0;
}

int filter_build_name(const char *name, struct buffer *out)
{
    buffer_append_string(out, "(cn=");
    append_escaped(out, bytes_of_string(name));
    buffer_append_char(out, ')');
    return out->failed ? -1 : 0;
}

/* A recursive descent through RFC 4515 section 3, over the template itself: a place is only understood inside an
 * assertion value, so that nothing from an address can become an attribute or an operator. */
struct parser {
    const char *start;
    const char *at;
    size_t places;
    struct error *error;
};

static int fault(const struct parser *parser, const char *what)
{
    return error_set(parser->error, "column %zu: %s", (size_t)(parser->at - parser->start) + 1, what);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* keystring or numericoid, RFC 4512 1.4. */
static int parse_oid(struct parser *parser)
{
    const char *start = parser->at;

    if (is_letter(*start)) {
        while (is_letter(*parser->at) || is_digit(*parser->at) || *parser->at == '-') {
            parser->at++;
        }
        return 0;
    }
    while (is_digit(*parser->at) || (*parser->at == '.' && parser->at > start && is_digit(parser->at[1]))) {
        parser->at++;
    }
    return parser->at > start ? 0 : fault(parser, "expected the name of an attribute or a matching rule");
}

/* attributedescription, RFC 4512 2.5. */
static int parse_attribute(struct parser *parser)
{
    if (parse_oid(parser) != 0) {
        return -1;
    }
    while (*parser->at == ';') {
        const char *option = ++parser->at;

        while (is_letter(*parser->at) || is_digit(*parser->at) || *parser->at == '-') {
            parser->at++;
        }
        if (parser->at == option) {
            return fault(parser, "expected an attribute option after ';'");
        }
    }
    return 0;
}

static int parse_place(struct parser *parser)
{
    const struct places none = {0};
    char letter = parser->at[1];

    if (letter != '%') {
        if (place_of(&none, letter) == NULL) {
            return fault(parser, "'%' must be followed by m, u, d or %");
        }
        if (++parser->places > FILTER_MAX_PLACES) {
            return fault(parser, "more than 8 places for the address");
        }
    }
    parser->at += 2;
    return 0;
}

static int parse_value(struct parser *parser, bool wildcards)
{
    while (*parser->at != ')') {
        switch (*parser->at) {
        case '\0':
            return fault(parser, "ends before its ')'");
        case '(':
            return fault(parser, "'(' inside a value must be written \\28");
        case '%':
            if (parse_place(parser) != 0) {
                return -1;
            }
            break;
        case '\\':
            if (!is_hex(parser->at[1]) || !is_hex(parser->at[2])) {
                return fault(parser, "'\\' must be followed by two hexadecimal digits");
            }
            parser->at += 3;
            break;
        case '*':
            if (!wildcards) {
                return fault(parser, "'*' is only for '=', elsewhere it is written \\2a");
            }
            if (parser->at[1] == '*') {
                return fault(parser, "two '*' in a row");
            }
            parser->at++;
            break;
        default:
            parser->at++;
        }
    }
    return 0;
}

/* [attr] [":dn"] [":" matchingrule] ":=" value; a rule is needed where there is no attribute. */
static int parse_extensible(struct parser *parser, bool has_attribute)
{
    bool has_rule = false;

    if (parser->at[1] != '=' && strncasecmp(parser->at, ":dn:", 4) == 0) {
        parser->at += 3;
    }
    if (parser->at[0] == ':' && parser->at[1] != '=') {
        parser->at++;
        if (parse_oid(parser) != 0) {
            return -1;
        }
        has_rule = true;
    }
    if (strncmp(parser->at, ":=", 2) != 0) {
        return fault(parser, "expected ':='");
    }
    if (!has_attribute && !has_rule) {
        return fault(parser, "':=' needs an attribute or a matching rule");
    }
    parser->at += 2;
    return parse_value(parser, false);
}

static int parse_item(struct parser *parser)
{
    bool has_attribute = *parser->at != ':';

    if (has_attribute && parse_attribute(parser) != 0) {
        return -1;
    }
    if (*parser->at == ':') {
        return parse_extensible(parser, has_attribute);
    }
    if (*parser->at == '=') {
        parser->at++;
        return parse_value(parser, true);
    }
    if (*parser->at != '\0' && strchr("~<>", *parser->at) != NULL && parser->at[1] == '=') {
        parser->at += 2;
        return parse_value(parser, false);
    }
    return fault(parser, "expected '=', '~=', '>=', '<=' or ':='");
}

static int parse_filter(struct parser *parser, int depth);

/* The empty lists of RFC 4526 are refused: "(&)" is true of every entry, never what one asks for an address. */
static int parse_list(struct parser *parser, int depth)
{
    do {
        if (parse_filter(parser, depth) != 0) {
            return -1;
        }
    } while (*parser->at == '(');
    return 0;
}

static int parse_filter(struct parser *parser, int depth)
{
    int result = -1;

    if (depth > FILTER_MAX_DEPTH) {
        return fault(parser, "nested more than 16 deep");
    }
    if (*parser->at != '(') {
        return fault(parser, "expected '('");
    }
    parser->at++;
    if (*parser->at == '&' || *parser->at == '|') {
        parser->at++;
        result = parse_list(parser, depth + 1);
    } else if (*parser->at == '!') {
        parser->at++;
        result = parse_filter(parser, depth + 1);
    } else {
        result = parse_item(parser);
    }
    if (result != 0) {
        return -1;
    }
    if (*parser->at != ')') {
        return fault(parser, "expected ')'");
    }
    parser->at++;
    return 0;
}

int filter_check(const char *template, struct error *error)
{
    struct parser parser = {.start = template, .at = template, .error = error};
    size_t size = strlen(template);

    if (size > FILTER_MAX_BYTES) {
        return error_set(error, "longer than %d bytes", FILTER_MAX_BYTES);
    }
    if (!text_is_utf8(bytes_of(template, size))) {
        return error_set(error, "is not UTF-8");
    }
    if (parse_filter(&parser, 1) != 0) {
        return -1;
    }
    if (*parser.at != '\0') {
        return fault(&parser, "something follows the filter");
    }
    if (parser.places == 0) {
        return error_set(error, "asks for no address: %%m, %%u or %%d must stand in it");
    }
    return 0;
}
