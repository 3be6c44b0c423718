#include "gateway/config_private.h"

#define NEAR_NAME_BYTES 32

static char plain(char c)
{
    return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
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

const char *settings_nearest(const char *group, const char *name)
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
    for (size_t i = 0; nearest == NULL && i < settings_count; i++) {
        nearest = strcmp(setting_name(&settings_table[i]), name) == 0 ? settings_table[i].path : NULL;
    }
    return nearest;
}
