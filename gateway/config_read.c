#include <stdio.h>
#include <stdlib.h>

#include "gateway/config_private.h"

static int append_path(char path[MAX_PATH_BYTES], const char *parent, const char *name)
{
    return snprintf(path, MAX_PATH_BYTES, "%.80s%s%.64s", parent, *parent != '\0' ? "." : "", name);
}

static void set_list(const struct setting *setting, void *base, const char *const *list, size_t count)
{
    memcpy((char *)base + setting->offset, &list, sizeof(list));
    memcpy((char *)base + setting->count_offset, &count, sizeof(count));
}

/* One element, kept; NULL: reported. */
static const char *read_element(struct reader *reader, const struct setting *setting, const char *path,
                                const config_setting_t *node, const char *const *before, size_t count)
{
    char text[MAX_SETTING_BYTES], element[MAX_PATH_BYTES + 32];
    struct error error;

    snprintf(element, sizeof(element), "%s[%zu]", path, count);
    if (setting_read_string(node, text, &error) != 0 || setting_check_string(setting, text, &error) != 0) {
        reader_fault(reader, element, "%s", error.text);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (before[i] != NULL && strcmp(before[i], text) == 0) {
            reader_fault(reader, element, "\"%.200s\" stands here twice", text);
            return NULL;
        }
    }
    return reader_keep_string(reader, text);
}

static void read_list(struct reader *reader, const struct setting *setting, const char *path,
                      const config_setting_t *node, void *base)
{
    size_t least = strtoul(setting->least, NULL, 10), most = strtoul(setting->most, NULL, 10);

    if (!config_setting_is_array(node) && !config_setting_is_list(node)) {
        reader_fault(reader, path, "must be a list of strings: [ \"…\", \"…\" ]");
        return;
    }
    size_t count = (size_t)config_setting_length(node);
    if (count < least || count > most) {
        reader_fault(reader, path, "has %zu elements, not from %zu to %zu", count, least, most);
        return;
    }
    const char **list = reader_keep(reader, (count + 1) * sizeof(*list));
    for (size_t i = 0; list != NULL && i < count; i++) {
        list[i] = read_element(reader, setting, path, config_setting_get_elem(node, (unsigned)i), list, i);
    }
    set_list(setting, base, list, list != NULL ? count : 0);
}

static void read_setting(struct reader *reader, const struct setting *setting, const char *parent,
                         const config_setting_t *node, void *base)
{
    char path[MAX_PATH_BYTES];
    struct error error;

    append_path(path, parent, setting_name(setting));
    if (setting->type == SETTING_LIST) {
        read_list(reader, setting, path, node, base);
    } else if (setting_read(reader, setting, node, base, &error) != 0) {
        reader_fault(reader, path, "%s", error.text);
    }
}

#define MAX_PRESETS 16

static void preset_list(struct reader *reader, const struct setting *setting, void *base)
{
    bool is_empty = setting->preset == NULL || *setting->preset == '\0';
    char *rest = is_empty ? NULL : reader_keep_string(reader, setting->preset);
    const char **list = rest == NULL ? NULL : reader_keep(reader, MAX_PRESETS * sizeof(*list));
    size_t count = 0;

    while (list != NULL && rest != NULL && count < MAX_PRESETS) {
        list[count++] = strsep(&rest, " ");
    }
    set_list(setting, base, list, count);
}

static void preset_group(struct reader *reader, const char *group, void *base)
{
    struct error error;

    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (!setting_in(setting, group)) {
            continue;
        }
        if (setting->type == SETTING_LIST) {
            preset_list(reader, setting, base);
        } else if (setting_preset(reader, setting, base, &error) != 0) {
            reader_fault(reader, setting_name(setting), "%s", error.text);
        }
    }
}

static void report_unknown(struct reader *reader, const char *group, const char *path, const char *name)
{
    const char *nearest = settings_nearest(group, name);

    if (nearest != NULL) {
        reader_fault(reader, path, "there is no such setting; did you mean %s?", nearest);
    } else {
        reader_fault(reader, path, "there is no such setting");
    }
}

static void report_missing(struct reader *reader, const char *group, const char *parent)
{
    char path[MAX_PATH_BYTES];

    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        append_path(path, parent, setting_name(setting));
        if (setting_in(setting, group) && setting->preset == NULL && reader_find(reader, path) == NULL) {
            reader_fault(reader, path, "is missing");
        }
    }
}

static void read_subgroup(struct reader *reader, const char *name, const config_setting_t *node);

/* Fills in `base` from the members of a group; `node` may be NULL: none is there. */
static void read_group(struct reader *reader, const char *group, const char *parent, const config_setting_t *node,
                       void *base)
{
    char path[MAX_PATH_BYTES];
    int length = node != NULL ? config_setting_length(node) : 0;

    preset_group(reader, group, base);
    for (int i = 0; i < length; i++) {
        const config_setting_t *member = config_setting_get_elem(node, (unsigned)i);
        const char *name = config_setting_name(member);
        const struct setting *setting = settings_find(group, name);
        append_path(path, parent, name);
        if (setting != NULL) {
            read_setting(reader, setting, parent, member, base);
        } else if (*group == '\0' && *name != '\0' && settings_has_group(name)) {
            read_subgroup(reader, name, member);
        } else {
            report_unknown(reader, group, path, name);
        }
    }
    report_missing(reader, group, parent);
}

/* How many groups the list has; 0: reported. */
static size_t count_groups(struct reader *reader, const char *name, const config_setting_t *node, size_t most)
{
    size_t count = config_setting_is_list(node) ? (size_t)config_setting_length(node) : 0;

    if (count == 0 || count > most) {
        reader_fault(reader, name, "must be a list of 1 to %zu groups: %s = ( { name = \"…\"; … } );", most, name);
        return 0;
    }
    return count;
}

/* Element `which`, and its path. NULL: reported. */
static const config_setting_t *find_group(struct reader *reader, const char *name, const config_setting_t *node,
                                          size_t which, char path[MAX_PATH_BYTES])
{
    const config_setting_t *element = config_setting_get_elem(node, (unsigned)which);

    snprintf(path, MAX_PATH_BYTES, "%s[%zu]", name, which);
    if (!config_setting_is_group(element)) {
        reader_fault(reader, path, "must be a group: { name = \"…\"; … }");
        return NULL;
    }
    return element;
}

static void read_directories(struct reader *reader, const config_setting_t *node)
{
    size_t count = count_groups(reader, "directories", node, MAX_DIRECTORIES);

    if (count == 0) {
        return;
    }
    reader->drafts = reader_keep(reader, count * sizeof(*reader->drafts));
    reader->config->directories = reader_keep(reader, count * sizeof(*reader->config->directories));
    if (reader->drafts == NULL || reader->config->directories == NULL) {
        return;
    }
    reader->config->directory_count = count;
    for (size_t i = 0; i < count; i++) {
        char path[MAX_PATH_BYTES];
        const config_setting_t *element = find_group(reader, "directories", node, i, path);
        if (element != NULL) {
            read_group(reader, "directories", path, element, &reader->drafts[i]);
        }
    }
}

/* Whether this setting of trust is one of a policy: how often files are looked at is not. */
static bool is_of_policy(const struct setting *setting)
{
    return setting != NULL && setting->offset >= offsetof(struct config, trust) &&
           setting->offset < offsetof(struct config, trust) + sizeof(struct policy_config);
}

/* A rule's settings are its own and those of trust, by the same rows of the table: these are read into a copy of what
 * the file says in trust, so that what is left out stays as it is there. */
static void read_rule(struct reader *reader, const char *parent, const config_setting_t *node,
                      struct policy_rule *rule)
{
    struct config copy = {.trust = reader->config->trust};
    char path[MAX_PATH_BYTES];

    preset_group(reader, "trust-rules", rule);
    for (int i = 0; i < config_setting_length(node); i++) {
        const config_setting_t *member = config_setting_get_elem(node, (unsigned)i);
        const char *name = config_setting_name(member);
        const struct setting *own = settings_find("trust-rules", name), *of_trust = settings_find("trust", name);
        append_path(path, parent, name);
        if (own != NULL) {
            read_setting(reader, own, parent, member, rule);
        } else if (is_of_policy(of_trust)) {
            read_setting(reader, of_trust, parent, member, &copy);
        } else {
            report_unknown(reader, settings_nearest("trust-rules", name) != NULL ? "trust-rules" : "trust", path, name);
        }
    }
    report_missing(reader, "trust-rules", parent);
    rule->policy = copy.trust;
}

/* After trust, wherever that stands in the file. */
static void read_rules(struct reader *reader)
{
    const config_setting_t *node = reader_find(reader, "trust-rules");
    size_t count = node != NULL ? count_groups(reader, "trust-rules", node, MAX_TRUST_RULES) : 0;
    struct policy_rule *rules = count > 0 ? reader_keep(reader, count * sizeof(*rules)) : NULL;

    if (rules == NULL) {
        return;
    }
    reader->config->trust_rules = rules;
    reader->config->trust_rule_count = count;
    for (size_t i = 0; i < count; i++) {
        char path[MAX_PATH_BYTES];
        const config_setting_t *element = find_group(reader, "trust-rules", node, i, path);
        if (element != NULL) {
            read_rule(reader, path, element, &rules[i]);
        }
    }
}

static void read_subgroup(struct reader *reader, const char *name, const config_setting_t *node)
{
    if (strcmp(name, "directories") == 0) {
        read_directories(reader, node);
    } else if (strcmp(name, "trust-rules") == 0) {
        return; /* read_rules() comes later */
    } else if (config_setting_is_group(node)) {
        read_group(reader, name, name, node, reader->config);
    } else {
        reader_fault(reader, name, "must be a group: %s = { … };", name);
    }
}

/* A group that the file leaves out. */
static void read_absent(struct reader *reader, const char *group)
{
    if (strcmp(group, "directories") == 0 || strcmp(group, "trust") == 0) {
        reader_fault(reader, group, "is missing");
    }
    if (strcmp(group, "directories") != 0 && strcmp(group, "trust-rules") != 0) {
        preset_group(reader, group, reader->config);
    }
}

void reader_read_tree(struct reader *reader)
{
    for (const char *const *group = settings_groups; *group != NULL; group++) {
        if (reader_find(reader, *group) == NULL) {
            read_absent(reader, *group);
        }
    }
    read_group(reader, "", "", config_root_setting(&reader->tree), reader->config);
    read_rules(reader);
    reader->config->has_redis = reader_find(reader, "redis") != NULL;
}
