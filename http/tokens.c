#include "http/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"

#define FIELDS 4

/* What the name of a line for all certificates is that have no line of their own, and what marks these. */
#define ANY "*"
#define CERTIFICATE "certificate"

struct tokens {
    size_t count, capacity;
    size_t certificates; /* of them, which stand behind the others */
    struct token *list;  /* tokens by digest, then certificates by name */
};

static const struct {
    const char *word;
    unsigned scope;
} scopes[] = {{"lookup", SCOPE_LOOKUP}, {"explain", SCOPE_EXPLAIN}, {"admin", SCOPE_ADMIN}};

static bool is_word(struct bytes text, const char *word)
{
    return bytes_equal(text, bytes_of_string(word));
}

static unsigned scope_of(struct bytes word)
{
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        if (is_word(word, scopes[i].word)) {
            return scopes[i].scope;
        }
    }
    return 0;
}

unsigned tokens_parse_scopes(struct bytes text)
{
    unsigned result = 0;

    for (;;) {
        const uint8_t *comma = text.size > 0 ? memchr(text.data, ',', text.size) : NULL;
        size_t size = comma != NULL ? (size_t)(comma - text.data) : text.size;
        unsigned scope = scope_of(bytes_of(text.data, size));

        if (scope == 0 || (result & scope) != 0) {
            return 0;
        }
        result |= scope;
        if (comma == NULL) {
            return result;
        }
        text = bytes_of(comma + 1, text.size - size - 1);
    }
}

/* So many digits; -1: something else. */
static int read_digits(const uint8_t *text, size_t count)
{
    int number = 0;

    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

bool tokens_parse_until(struct bytes text, int64_t *until)
{
    if (is_word(text, "never")) {
        *until = TOKEN_HAS_NO_END;
        return true;
    }
    if (text.size != strlen("2027-06-30") || text.data[4] != '-' || text.data[7] != '-') {
        return false;
    }
    int year = read_digits(text.data, 4), month = read_digits(text.data + 5, 2), day = read_digits(text.data + 8, 2);

    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_of(year, month)) {
        return false;
    }
    *until = text_time_from_utc(year, month, day, 0, 0, 0) + 24 * 60 * 60;
    return true;
}

bool tokens_is_name(struct bytes text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\0' || strchr(allowed, text.data[i]) == NULL) {
            return false;
        }
    }
    return text.size > 0 && text.size <= MAX_TOKEN_NAME_BYTES;
}

static bool read_digest(struct bytes text, struct digest *digest)
{
    if (text.size != 2 * sizeof(digest->bytes)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(digest->bytes); i++) {
        int high = text_hex_value((char)text.data[2 * i]), low = text_hex_value((char)text.data[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        digest->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static int compare_kinds(const struct token *a, const struct token *b)
{
    return (int)a->is_certificate - (int)b->is_certificate;
}

static int compare_names(const void *a, const void *b)
{
    const struct token *left = a, *right = b;
    int kinds = compare_kinds(left, right);

    if (kinds != 0) {
        return kinds;
    }
    return left->is_certificate ? strcasecmp(left->name, right->name) : strcmp(left->name, right->name);
}

static int compare(const void *a, const void *b)
{
    const struct token *left = a, *right = b;
    int kinds = compare_kinds(left, right);

    if (kinds == 0 && !left->is_certificate) {
        return memcmp(left->digest.bytes, right->digest.bytes, sizeof(left->digest.bytes));
    }
    return compare_names(a, b);
}

static int add(struct tokens *tokens, const struct token *token, struct error *error)
{
    if (tokens->count == tokens->capacity) {
        size_t capacity = tokens->capacity > 0 ? 2 * tokens->capacity : 8;
        struct token *list = reallocarray(tokens->list, capacity, sizeof(*list));

        if (list == NULL) {
            return error_set(error, "out of memory");
        }
        tokens->list = list;
        tokens->capacity = capacity;
    }
    tokens->list[tokens->count++] = *token;
    tokens->certificates += token->is_certificate;
    return 0;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* How many fields there are; no more than one over FIELDS. */
static size_t split(struct bytes line, struct bytes fields[FIELDS + 1])
{
    size_t count = 0;

    for (size_t at = 0; count <= FIELDS;) {
        while (at < line.size && is_blank(line.data[at])) {
            at++;
        }
        if (at == line.size || (count == 0 && line.data[at] == '#')) {
            break;
        }
        size_t begin = at;

        while (at < line.size && !is_blank(line.data[at])) {
            at++;
        }
        fields[count++] = bytes_of(line.data + begin, at - begin);
    }
    return count;
}

static int read_fields(const struct bytes fields[FIELDS], struct token *token, struct error *error)
{
    *token = (struct token){.name = "", .is_certificate = is_word(fields[1], CERTIFICATE)};
    if (!tokens_is_name(fields[0]) && !(token->is_certificate && is_word(fields[0], ANY))) {
        return error_set(error, "a name has 1 to %d letters, digits, '_', '.' and '-'", MAX_TOKEN_NAME_BYTES);
    }
    memcpy(token->name, fields[0].data, fields[0].size);
    if (!token->is_certificate && !read_digest(fields[1], &token->digest)) {
        return error_set(error, "%s: behind the name stands the token's SHA-256, 64 hexadecimal digits, or the word "
                         CERTIFICATE, token->name);
    }
    if ((token->scopes = tokens_parse_scopes(fields[2])) == 0) {
        return error_set(error, "%s: a token is for lookup, explain or admin, or several: lookup,explain", token->name);
    }
    if (!tokens_parse_until(fields[3], &token->until)) {
        return error_set(error, "%s: a token ends with a day, as 2027-06-30, or never", token->name);
    }
    return 0;
}

/* -1: the words say what is wrong with the line. */
static int read_line(struct tokens *tokens, struct bytes line, unsigned number, struct error *error)
{
    struct bytes fields[FIELDS + 1];
    size_t count = split(line, fields);
    struct token token;

    if (count == 0) {
        return 0;
    }
    if (count != FIELDS) {
        return error_set(error, "a token has a name, a SHA-256, what it is for, and until when");
    }
    if (tokens->count == MAX_TOKENS) {
        return error_set(error, "there are more than %d tokens", MAX_TOKENS);
    }
    if (read_fields(fields, &token, error) != 0) {
        return -1;
    }
    token.line = number;
    return add(tokens, &token, error);
}

static int read_file(struct tokens *tokens, struct bytes file, struct error *error)
{
    for (unsigned number = 1; file.size > 0; number++) {
        const uint8_t *end = memchr(file.data, '\n', file.size);
        size_t size = end != NULL ? (size_t)(end - file.data) : file.size;

        if (read_line(tokens, bytes_of(file.data, size), number, error) != 0) {
            return error_prefix(error, "line %u", number);
        }
        size += end != NULL;
        file = bytes_of(file.data + size, file.size - size);
    }
    return 0;
}

static int tell_twins(const struct token *a, const struct token *b, const char *what, struct error *error)
{
    const struct token *first = a->line < b->line ? a : b, *second = first == a ? b : a;

    if (first->line == 0) {
        return error_set(error, "line %u: %s has the %s of http.token-file", second->line, second->name, what);
    }
    return error_set(error, "lines %u and %u: %s and %s have the same %s", first->line, second->line, first->name,
                     second->name, what);
}

/* A name, or a token, that stands there twice is a slip: which of the two holds nobody could tell. */
static int check_twins(struct tokens *tokens, struct error *error)
{
    static int (*const orders[])(const void *a, const void *b) = {compare_names, compare};

    for (size_t k = 0; k < sizeof(orders) / sizeof(orders[0]) && tokens->count > 0; k++) {
        qsort(tokens->list, tokens->count, sizeof(tokens->list[0]), orders[k]);
        for (size_t i = 1; i < tokens->count; i++) {
            if (orders[k](&tokens->list[i - 1], &tokens->list[i]) == 0) {
                return tell_twins(&tokens->list[i - 1], &tokens->list[i], k == 0 ? "name" : "token", error);
            }
        }
    }
    return 0;
}

struct tokens *tokens_make(struct bytes file, const char *one_more, struct error *error)
{
    struct tokens *tokens = calloc(1, sizeof(*tokens));
    int result;

    if (tokens == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    result = read_file(tokens, file, error);
    if (result == 0 && one_more[0] != '\0') {
        const struct token token = {"http.token-file", false, digest_sha256(bytes_of_string(one_more)), SCOPE_ALL,
                                    TOKEN_HAS_NO_END, 0};

        result = add(tokens, &token, error);
    }
    if (result != 0 || check_twins(tokens, error) != 0) {
        tokens_free(&tokens);
    }
    return tokens;
}

void tokens_free(struct tokens **tokens)
{
    if (*tokens != NULL) {
        free((*tokens)->list);
        free(*tokens);
        *tokens = NULL;
    }
}

size_t tokens_count(const struct tokens *tokens)
{
    return tokens->count;
}

static const struct token *find(const struct tokens *tokens, const struct token *wanted)
{
    return tokens->count > 0 ? bsearch(wanted, tokens->list, tokens->count, sizeof(tokens->list[0]), compare) : NULL;
}

const struct token *tokens_find(const struct tokens *tokens, struct bytes sent)
{
    const struct token wanted = {.digest = digest_sha256(sent)};

    return find(tokens, &wanted);
}

const struct token *tokens_find_certificate(const struct tokens *tokens, const char *name)
{
    static const struct token any = {.name = ANY, .is_certificate = true};
    struct token wanted = {.is_certificate = true};

    if (tokens->certificates == 0) {
        return NULL;
    }
    snprintf(wanted.name, sizeof(wanted.name), "%s", name);
    const struct token *found = find(tokens, &wanted);

    return found != NULL ? found : find(tokens, &any);
}

bool tokens_has_certificates(const struct tokens *tokens)
{
    return tokens->certificates > 0;
}
