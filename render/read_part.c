#include "render/read_part.h"

#include <stdlib.h>

#include "base/text.h"

const char *part_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

int64_t part_number(const json_t *object, const char *key, int64_t most)
{
    json_int_t number = json_integer_value(json_object_get(object, key));
    return number < 0 ? 0 : number > most ? most : number;
}

int part_no_memory(struct reader *reader)
{
    return error_set(reader->error, "out of memory");
}

int part_time(struct reader *reader, const json_t *object, const char *key, int64_t *wall_s)
{
    static const char shape[] = "0000-00-00T00:00:00Z";
    static const int least[] = {0, 1, 1, 0, 0, 0}, most[] = {9999, 12, 31, 23, 59, 60};
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);
    int parts[6] = {0};
    size_t part = 0;

    *wall_s = 0;
    if (value == NULL) {
        return 0;
    }
    bool good = text != NULL && strlen(text) == sizeof(shape) - 1;
    for (size_t i = 0; good && i < sizeof(shape) - 1; i++) {
        if (shape[i] == '0') {
            good = text[i] >= '0' && text[i] <= '9';
            parts[part] = parts[part] * 10 + (text[i] - '0');
        } else {
            good = text[i] == shape[i] && parts[part] >= least[part] && parts[part] <= most[part];
            part++;
        }
    }
    if (!good) {
        return error_set(reader->error, "%s: not a time such as 2026-11-23T06:57:24Z", key);
    }
    *wall_s = text_time_from_utc(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
    return 0;
}

int part_copy(struct reader *reader, const json_t *object, const char *key, const char **copy)
{
    *copy = strdup(part_text(object, key));
    return *copy != NULL ? 0 : part_no_memory(reader);
}

int part_reason(struct reader *reader, const json_t *object, const char *key, enum reason *reason)
{
    const char *word = part_text(object, key);

    if (!reason_parse(word, reason) || *reason == REASON_USABLE) {
        return error_set(reader->error, "%s: \"%.64s\" is not known here", key, word);
    }
    return 0;
}
