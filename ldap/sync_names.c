#include "ldap/sync_names.h"

#include <stdio.h>
#include <strings.h>

/* In a value that was decoded, what stands for a place: no octet of a value that we take. */
enum { PLACE_MAIL = 1, PLACE_LOCAL, PLACE_DOMAIN };

struct walk {
    const char *at;
    struct sync_names *names;
};

static bool has_wildcard(const struct directory_config *config)
{
    for (size_t i = 0; i < config->domain_count; i++) {
        if (config->domains[i][0] == '*') {
            return true;
        }
    }
    return false;
}

static unsigned hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 0x20u) - 'a' + 10;
}

/* The octet or place that the value goes on with; 0: one that says nothing of addresses. */
static char next_octet(struct walk *walk)
{
    char c = *walk->at++;

    if (c == '%') {
        c = *walk->at++;
        return c == 'm' ? PLACE_MAIL : c == 'u' ? PLACE_LOCAL : c == 'd' ? PLACE_DOMAIN : c;
    }
    if (c == '\\') {
        c = (char)(hex_digit(walk->at[0]) << 4 | hex_digit(walk->at[1]));
        walk->at += 2;
    } else if (c == '*') {
        return '\0';
    }
    return c >= 0x20 && c < 0x7f ? c : '\0'; /* beyond ASCII, servers compare in ways of their own */
}

/* The assertion's value up to its ')'. -1: not one that says which address. */
static int read_value(struct walk *walk, char text[SYNC_TEXT_BYTES])
{
    size_t size = 0;
    bool is_plain = true;

    while (*walk->at != ')') {
        char c = next_octet(walk);

        is_plain = is_plain && c != '\0' && size + 1 < SYNC_TEXT_BYTES;
        if (is_plain) {
            text[size++] = c;
        }
    }
    text[size] = '\0';
    return is_plain ? 0 : -1;
}

static bool has_place(const char *text)
{
    return strpbrk(text, "\1\2\3") != NULL;
}

/* "smtp:%m" and the like: text, one place, text. "%u@%d" is an address, too. */
static int make_pattern(const char *text, struct sync_pattern *pattern)
{
    size_t before = strcspn(text, "\1\2\3");
    const char *behind = text + before + 1;

    if (text[before] == '\0' || text[before] == PLACE_DOMAIN) {
        return -1;
    }
    pattern->is_local = text[before] == PLACE_LOCAL;
    if (pattern->is_local && behind[0] == '@' && behind[1] == PLACE_DOMAIN) {
        pattern->is_local = false;
        behind += 2;
    }
    if (has_place(behind)) {
        return -1;
    }
    (void)snprintf(pattern->prefix, sizeof(pattern->prefix), "%.*s", (int)before, text);
    (void)snprintf(pattern->suffix, sizeof(pattern->suffix), "%s", behind);
    return 0;
}

/* True: whoever is found by this assertion is told by a pattern. */
static bool take_assertion(struct walk *walk)
{
    struct sync_names *names = walk->names;
    struct sync_pattern pattern = {0};
    const char *name = walk->at;
    char text[SYNC_TEXT_BYTES];
    size_t size = strcspn(name, "=~<>:");
    bool is_equality = name[size] == '=';

    walk->at += size + (is_equality ? 1 : 2);
    if (read_value(walk, text) != 0 || !is_equality || size >= sizeof(pattern.attribute) ||
        make_pattern(text, &pattern) != 0 || (pattern.is_local && has_wildcard(names->config)) ||
        names->count == SYNC_PATTERNS) {
        return false;
    }
    memcpy(pattern.attribute, name, size);
    names->patterns[names->count++] = pattern;
    return true;
}

/* A filter from its '(' to behind its ')'. True: whoever it finds is told by a pattern. Of what must all hold it is
 * enough that one part tells; of what may hold, each must. What must not hold tells nothing. */
static bool take_filter(struct walk *walk)
{
    char kind = *++walk->at;
    bool result = kind == '|';

    if (strchr("&|!", kind) == NULL) {
        result = take_assertion(walk);
        walk->at++;
        return result;
    }
    for (walk->at++; *walk->at == '(';) {
        bool told = take_filter(walk);

        result = kind == '|' ? result && told : kind == '&' ? result || told : false;
    }
    walk->at++;
    return result;
}

int sync_names_make(const struct directory_config *config, struct sync_names *out, struct error *error)
{
    struct walk walk = {.at = config->filter, .names = out};

    *out = (struct sync_names){.config = config};
    if (!take_filter(&walk)) {
        return error_set(error, "from the filter it cannot be told which addresses an entry answers for: what it finds "
                                "must be found by (attribute=%%m), or with fixed text beside %%m%s",
                         has_wildcard(config) ? "; %u needs domains without *" : ", or by %u");
    }
    return 0;
}

static struct bytes trimmed(struct bytes value)
{
    while (value.size > 0 && value.data[0] == ' ') {
        value = bytes_of(value.data + 1, value.size - 1);
    }
    while (value.size > 0 && value.data[value.size - 1] == ' ') {
        value.size--;
    }
    return value;
}

/* What stands at the place. False: the value is of another form. */
static bool find_place(const struct sync_pattern *pattern, struct bytes value, struct bytes *out)
{
    size_t before = strlen(pattern->prefix), behind = strlen(pattern->suffix);

    if (value.size <= before + behind || strncasecmp((const char *)value.data, pattern->prefix, before) != 0 ||
        strncasecmp((const char *)value.data + value.size - behind, pattern->suffix, behind) != 0) {
        return false;
    }
    *out = trimmed(bytes_of(value.data + before, value.size - before - behind));
    return true;
}

struct telling {
    const struct sync_names *names;
    void (*tell)(void *context, const struct address *address);
    void *context;
};

static bool tell_address(const struct telling *telling, struct bytes text)
{
    struct address address;

    if (address_parse(text, &address) != ADDRESS_OK) {
        return false;
    }
    if (directory_serves(telling->names->config, address_domain(&address))) {
        telling->tell(telling->context, &address);
    }
    return true;
}

static bool tell_local(const struct telling *telling, struct bytes local)
{
    const struct directory_config *config = telling->names->config;
    char text[MAX_ADDRESS_BYTES + 1];
    bool result = false;

    for (size_t i = 0; i < config->domain_count && local.size <= MAX_LOCAL_PART_BYTES; i++) {
        int size = snprintf(text, sizeof(text), "%.*s@%s", (int)local.size, (const char *)local.data,
                            config->domains[i]);

        if (size > 0 && (size_t)size < sizeof(text)) {
            result = tell_address(telling, bytes_of(text, (size_t)size)) || result;
        }
    }
    return result;
}

bool sync_names_read(const struct sync_names *names, struct bytes value,
                     void (*tell)(void *context, const struct address *address), void *context)
{
    const struct telling telling = {names, tell, context};
    struct bytes text, whole = trimmed(value);
    bool result = false;

    for (size_t i = 0; i < names->count; i++) {
        const struct sync_pattern *pattern = &names->patterns[i];

        if (find_place(pattern, whole, &text) &&
            (pattern->is_local ? tell_local(&telling, text) : tell_address(&telling, text))) {
            result = true;
        }
    }
    return result;
}
