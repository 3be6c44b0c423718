#include "gateway/config_private.h"

#define NEAR_NAME_BYTES 32

/* What stands for the same: bind_dn for bind-dn, and outside of its group log-level for log.level. */
static char plain(char c)
{
    return c == '_' || c == '.' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Letters to insert, drop or change on the way from one name to the other (Levenshtein); names too long are far. */
static size_t distance(const char *from, const char *to)
{
    size_t row[NEAR_NAME_BYTES + 1];
    size_t size = strlen(to);

    if (size > NEAR_NAME_BYTES || strlen(from) > NEAR_NAME_BYTES) {
        return NEAR_NAME_BYTES;
    }
    for (size_t i = 0; i <= size; i++) {
        row[i] = i;
    }
    for (size_t i = 0; from[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < size; j++) {
            size_t change = diagonal + (plain(from[i]) != plain(to[j]));
            diagonal = row[j + 1];
            size_t gap = 1 + (row[j] < row[j + 1] ? row[j] : row[j + 1]);
            row[j + 1] = change < gap ? change : gap;
        }
    }
    return row[size];
}

/* By a slip of the pen. */
static const char *misspelt(const char *group, const char *name)
{
    const char *nearest = NULL;
    size_t best = strlen(name) < 6 ? 2 : 3; /* what is farther is no help */

    for (size_t i = 0; i < settings_count; i++) {
        size_t steps = distance(name, setting_name(&settings_table[i]));
        if (setting_in(&settings_table[i], group) && steps < best) {
            best = steps;
            nearest = settings_table[i].path;
        }
    }
    for (const char *const *known = settings_groups; *group == '\0' && *known != NULL; known++) {
        if (distance(name, *known) < best) {
            best = distance(name, *known);
            nearest = *known;
        }
    }
    return nearest;
}

static bool same(const char *a, const char *b, size_t size)
{
    while (size > 0 && plain(a[size - 1]) == plain(b[size - 1])) {
        size--;
    }
    return size == 0;
}

/* Whole words: "client-ca" begins "client-ca-file", and "cli" does not. */
static bool begins(const char *part, const char *whole)
{
    size_t size = strlen(part);

    return size > 0 && size < strlen(whole) && plain(whole[size]) == '-' && same(part, whole, size);
}

static bool ends(const char *part, const char *whole)
{
    size_t size = strlen(part), before = strlen(whole) - size;

    return size > 0 && size < strlen(whole) && plain(whole[before - 1]) == '-' && same(part, whole + before, size);
}

#define TYPE(type_) (1U << SETTING_##type_)
#define TIME (TYPE(DURATION_MS) | TYPE(DURATION_S))

/* What a name has elsewhere before or behind it to say what its value is, and here has not. */
static const struct {
    const char *word;
    unsigned types; /* of the settings with which it says no more than that */
} kinds[] = {
    {"size", TYPE(SIZE)},
    {"bytes", TYPE(SIZE)},
    {"max", TYPE(SIZE) | TYPE(NUMBER) | TIME},
    {"limit", TYPE(SIZE) | TYPE(NUMBER) | TIME},
    {"count", TYPE(NUMBER)},
    {"number", TYPE(NUMBER)},
    {"seconds", TIME},
    {"ms", TIME},
};

/* The setting's name, with such a word or its group's name around it: memory-size, max-connections, tls-key-file. */
static bool says_kind(const char *name, const struct setting *setting)
{
    const char *known = setting_name(setting);
    size_t more = strlen(name) - strlen(known);
    bool is_first = ends(known, name);

    if (!is_first && !begins(known, name)) {
        return false;
    }
    const char *word = is_first ? name : name + strlen(known) + 1;
    bool says = is_first && known > setting->path && more == (size_t)(known - setting->path) &&
                same(word, setting->path, more - 1);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        says = says || (strlen(kinds[i].word) == more - 1 && same(word, kinds[i].word, more - 1) &&
                        (kinds[i].types & 1U << setting->type) != 0);
    }
    return says;
}

/* By words too few, or too many. How many may be meant: a guess helps if it is one. */
static size_t cut_short(const char *group, const char *name, const char **path)
{
    size_t count = 0;

    for (size_t i = 0; i < settings_count; i++) {
        const char *known = setting_name(&settings_table[i]);
        if (setting_in(&settings_table[i], group) &&
            (begins(name, known) || ends(name, known) || says_kind(name, &settings_table[i]))) {
            *path = settings_table[i].path;
            count++;
        }
    }
    for (const char *const *known = settings_groups; *group == '\0' && *known != NULL; known++) {
        if (begins(name, *known) || ends(name, *known)) {
            *path = *known;
            count++;
        }
    }
    return count;
}

/* In a group where it does not belong, or with the name of its own before it and in none. */
static const char *elsewhere(const char *group, const char *name)
{
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (strcmp(setting_name(setting), name) == 0 || (*group == '\0' && distance(name, setting->path) == 0)) {
            return setting->path;
        }
    }
    return NULL;
}

const char *settings_nearest(const char *group, const char *name)
{
    const char *nearest = misspelt(group, name);

    if (nearest == NULL) {
        size_t count = cut_short(group, name, &nearest);
        nearest = count == 0 ? elsewhere(group, name) : count == 1 ? nearest : NULL;
    }
    return nearest;
}
