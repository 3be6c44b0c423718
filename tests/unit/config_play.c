#include "tests/unit/config_play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

char config_folder[] = "/tmp/test_config.XXXXXX";
char config_heard[64 * 1024];

void config_hear(void *context, const char *line)
{
    size_t size = strlen(config_heard);

    assert_ptr_equal(context, config_heard);
    snprintf(config_heard + size, sizeof(config_heard) - size, "\n%s", line);
}

const char *config_path(const char *name)
{
    static char path[sizeof(config_folder) + 64];

    snprintf(path, sizeof(path), "%s/%s", config_folder, name);
    return path;
}

void config_write(const char *name, const void *content, size_t size, mode_t mode)
{
    FILE *file = fopen(config_path(name), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(config_path(name), mode), 0);
}

struct config *config_load_bytes(const void *text, size_t size)
{
    config_write("c", text, size, 0644);
    config_heard[0] = '\0';
    return config_load(config_path("c"), config_hear, config_heard);
}

struct config *config_load_text(const char *text)
{
    return config_load_bytes(text, strlen(text));
}

const char *config_fault(size_t which)
{
    static char line[1024];
    const char *at = config_heard;

    for (size_t i = 0; at != NULL && i <= which; i++) {
        at = strchr(at + (i > 0), '\n');
    }
    if (at == NULL) {
        return NULL;
    }
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
    assert_memory_equal(line, config_path("c:"), strlen(config_path("c:")));
    return line + strlen(config_path("c:"));
}

int config_begin(void **state)
{
    (void)state;
    return mkdtemp(config_folder) != NULL ? 0 : -1;
}

int config_end(void **state)
{
    static const char *const names[] = {"c",   "key",   "token", "short",        "loose", "long",
                                        "nul", "space", "empty", "certificates"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unlink(config_path(names[i]));
    }
    return rmdir(config_folder);
}
