#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "gateway/config_private.h"

static bool is_name_char(char c, bool first)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (!first && c >= '0' && c <= '9');
}

/* The variable named between "${" and "}" at *at, which is moved behind it. */
static const char *expand_variable(const char **at, struct error *error)
{
    char name[128];
    size_t size = 0;
    const char *from = *at + 2;

    while (size < sizeof(name) - 1 && is_name_char(from[size], size == 0)) {
        name[size] = from[size];
        size++;
    }
    name[size] = '\0';
    if (size == 0 || from[size] != '}') {
        error_set(error, "\"%.20s\" is not ${NAME} (write $${ for ${ itself)", *at);
        return NULL;
    }
    const char *value = getenv(name);
    if (value == NULL) {
        error_set(error, "the environment has no variable %s", name);
        return NULL;
    }
    *at = from + size + 1;
    return value;
}

static int expand(const char *from, char text[MAX_SETTING_BYTES], struct error *error)
{
    size_t size = 0;

    while (*from != '\0') {
        char literal[2] = {*from, '\0'};
        const char *piece = literal;
        if (strncmp(from, "$${", 3) == 0) {
            piece = "${";
            from += 3;
        } else if (strncmp(from, "${", 2) == 0) {
            piece = expand_variable(&from, error);
        } else {
            from++;
        }
        if (piece == NULL) {
            return -1;
        }
        size_t piece_size = strlen(piece);
        if (size + piece_size >= MAX_SETTING_BYTES) {
            return error_set(error, "is longer than %d bytes", MAX_SETTING_BYTES - 1);
        }
        memcpy(text + size, piece, piece_size);
        size += piece_size;
    }
    text[size] = '\0';
    return 0;
}

int setting_read_string(const config_setting_t *node, char text[MAX_SETTING_BYTES], struct error *error)
{
    if (config_setting_type(node) != CONFIG_TYPE_STRING) {
        return error_set(error, "must be a string in quotes");
    }
    if (expand(config_setting_get_string(node), text, error) != 0) {
        return -1;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            return error_set(error, "has a control character");
        }
    }
    if (!text_is_utf8(bytes_of_string(text))) {
        return error_set(error, "is not UTF-8");
    }
    return 0;
}

/* Each kind of value in its one form; the words say what to write instead. */
static int read_duration(const config_setting_t *node, char text[MAX_SETTING_BYTES], struct error *error)
{
    if (config_setting_is_number(node)) {
        return error_set(error, "has no unit: write a string such as \"250ms\", \"3s\", \"5m\", \"1h\" or \"2d\"");
    }
    return setting_read_string(node, text, error);
}

static int read_size(const config_setting_t *node, char text[MAX_SETTING_BYTES], struct error *error)
{
    if (config_setting_is_number(node)) {
        return error_set(error, "has no unit: write a string such as \"64K\", \"256M\" or \"1G\"");
    }
    return setting_read_string(node, text, error);
}

static int read_number(const config_setting_t *node, char text[MAX_SETTING_BYTES], struct error *error)
{
    int type = config_setting_type(node);

    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
        return error_set(error, "must be a whole number, without quotes");
    }
    long long number = type == CONFIG_TYPE_INT ? config_setting_get_int(node) : config_setting_get_int64(node);
    snprintf(text, MAX_SETTING_BYTES, "%lld", number);
    return 0;
}

static int read_boolean(const config_setting_t *node, char text[MAX_SETTING_BYTES], struct error *error)
{
    if (config_setting_type(node) != CONFIG_TYPE_BOOL) {
        return error_set(error, "must be true or false, without quotes");
    }
    snprintf(text, MAX_SETTING_BYTES, "%s", config_setting_get_bool(node) ? "true" : "false");
    return 0;
}

static void store_integer(const struct setting *setting, void *base, int64_t value)
{
    char *field = (char *)base + setting->offset;

    if (setting->size == sizeof(bool)) {
        bool narrow = value != 0;
        memcpy(field, &narrow, sizeof(narrow));
    } else if (setting->size == sizeof(int)) {
        int narrow = (int)value;
        memcpy(field, &narrow, sizeof(narrow));
    } else {
        memcpy(field, &value, sizeof(value));
    }
}

typedef int (*number_reader)(const char *text, int64_t *value, struct error *error);

static int parse_seconds(const char *text, int64_t *value, struct error *error)
{
    if (text_parse_duration(text, value, error) != 0) {
        return -1;
    }
    if (*value % 1000 != 0) {
        return error_set(error, "\"%.50s\" is not a whole number of seconds", text);
    }
    *value /= 1000;
    return 0;
}

static int parse_size(const char *text, int64_t *value, struct error *error)
{
    uint64_t bytes;

    if (text_parse_size(text, &bytes, error) != 0) {
        return -1;
    }
    *value = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
    return 0;
}

static int store_number(struct reader *reader, const struct setting *setting, char *text, void *base,
                        struct error *error)
{
    static const number_reader readers[SETTING_TYPE_COUNT] = {
        [SETTING_DURATION_MS] = text_parse_duration,
        [SETTING_DURATION_S] = parse_seconds,
        [SETTING_SIZE] = parse_size,
        [SETTING_NUMBER] = text_parse_number,
    };
    number_reader parse = readers[setting->type];
    bool is_negative = setting->type == SETTING_NUMBER && text[0] == '-'; /* which no setting may be */
    int64_t value = 0, least, most;

    (void)reader;
    if (!is_negative && parse(text, &value, error) != 0) {
        return -1;
    }
    if (parse(setting->least, &least, NULL) != 0 || parse(setting->most, &most, NULL) != 0) {
        return error_set(error, "the limits of this setting are wrong, a defect of certlookupd");
    }
    if (is_negative || value < least || value > most) {
        return error_set(error, "%.50s is not from %s to %s", text, setting->least, setting->most);
    }
    store_integer(setting, base, value);
    return 0;
}

static int store_boolean(struct reader *reader, const struct setting *setting, char *text, void *base,
                         struct error *error)
{
    (void)reader;
    (void)error;
    store_integer(setting, base, strcmp(text, "true") == 0);
    return 0;
}

static int store_word(struct reader *reader, const struct setting *setting, char *text, void *base,
                      struct error *error)
{
    size_t size = strlen(text);
    int place = 0;

    (void)reader;
    for (const char *word = setting->words;; word++, place++) {
        size_t length = strcspn(word, " ");
        if (length == size && memcmp(word, text, size) == 0) {
            store_integer(setting, base, place);
            return 0;
        }
        word += length;
        if (*word == '\0') {
            return error_set(error, "\"%.50s\" is none of: %s", text, setting->words);
        }
    }
}

bool setting_is_file(const struct setting *setting)
{
    return setting->type == SETTING_SECRET || setting->type == SETTING_FILE;
}

/* A string within its bounds; what is empty although it may not be was left out by mistake. */
int setting_check_string(const struct setting *setting, char text[MAX_SETTING_BYTES], struct error *error)
{
    size_t size = strlen(text);
    size_t least = setting->type == SETTING_STRING ? strtoul(setting->least, NULL, 10) : 1;
    size_t most = setting->type == SETTING_STRING ? strtoul(setting->most, NULL, 10) : MAX_SETTING_BYTES;

    if (size < least) {
        return error_set(error, "is empty");
    }
    if (size > most) {
        return error_set(error, "is longer than %zu bytes", most);
    }
    return setting->accept != NULL && !setting_is_file(setting) ? setting->accept(text, error) : 0;
}

static int store_string(struct reader *reader, const struct setting *setting, char *text, void *base,
                        struct error *error)
{
    if (setting_check_string(setting, text, error) != 0) {
        return -1;
    }
    char *kept = reader_keep_string(reader, text);
    if (kept == NULL) {
        return error_set(error, "out of memory");
    }
    memcpy((char *)base + setting->offset, &kept, sizeof(kept));
    return 0;
}

/* What was in the file as a string, or as bytes where the field is a struct bytes. */
static int keep_content(struct reader *reader, const struct setting *setting, struct bytes content, void *base,
                        struct error *error)
{
    char *kept = reader_keep(reader, content.size + 1);
    if (kept == NULL) {
        return error_set(error, "out of memory");
    }
    memcpy(kept, content.data, content.size);
    if (setting->size == sizeof(struct bytes)) {
        struct bytes bytes = bytes_of(kept, content.size);
        memcpy((char *)base + setting->offset, &bytes, sizeof(bytes));
        return 0;
    }
    if (memchr(kept, '\0', content.size) != NULL) {
        return error_set(error, "the file holds a NUL");
    }
    memcpy((char *)base + setting->offset, &kept, sizeof(kept));
    return setting->accept != NULL ? setting->accept(kept, error) : 0;
}

static int store_content(struct reader *reader, const struct setting *setting, char *text, void *base,
                         struct error *error)
{
    int (*const read)(const char *path, struct buffer *buffer, struct error *error) =
        setting->type == SETTING_SECRET ? file_read_secret : file_read;
    size_t least = strtoul(setting->least, NULL, 10), most = strtoul(setting->most, NULL, 10);
    struct buffer content;
    int result = -1;

    buffer_init(&content, most + 2); /* and a line end */
    if (setting_check_string(setting, text, error) != 0 || read(text, &content, error) != 0) {
        goto out;
    }
    if (content.size < least || content.size > most) {
        error_set(error, "%.200s holds %zu bytes, not from %zu to %zu", text, content.size, least, most);
        goto out;
    }
    result = keep_content(reader, setting, buffer_bytes(&content), base, error);
out:
    if (content.data != NULL) {
        explicit_bzero(content.data, content.size);
    }
    buffer_free(&content);
    return result;
}

struct kind {
    int (*read)(const config_setting_t *node, char text[MAX_SETTING_BYTES], struct error *error);
    int (*store)(struct reader *reader, const struct setting *setting, char *text, void *base, struct error *error);
};

static const struct kind kinds[SETTING_TYPE_COUNT] = {
    [SETTING_STRING] = {setting_read_string, store_string},
    [SETTING_DURATION_MS] = {read_duration, store_number},
    [SETTING_DURATION_S] = {read_duration, store_number},
    [SETTING_SIZE] = {read_size, store_number},
    [SETTING_NUMBER] = {read_number, store_number},
    [SETTING_BOOLEAN] = {read_boolean, store_boolean},
    [SETTING_WORD] = {setting_read_string, store_word},
    [SETTING_SECRET] = {setting_read_string, store_content},
    [SETTING_FILE] = {setting_read_string, store_content},
};

int setting_read(struct reader *reader, const struct setting *setting, const config_setting_t *node, void *base,
                 struct error *error)
{
    const struct kind *kind = &kinds[setting->type];
    char text[MAX_SETTING_BYTES];

    return kind->read(node, text, error) == 0 ? kind->store(reader, setting, text, base, error) : -1;
}

int setting_preset(struct reader *reader, const struct setting *setting, void *base, struct error *error)
{
    const char *value = setting->preset != NULL ? setting->preset : "";
    char text[MAX_SETTING_BYTES];

    if (setting->type == SETTING_STRING || setting_is_file(setting)) {
        if (setting->size == sizeof(value)) {
            memcpy((char *)base + setting->offset, &value, sizeof(value));
        }
        return 0;
    }
    snprintf(text, sizeof(text), "%s", value);
    return kinds[setting->type].store(reader, setting, text, base, error);
}
