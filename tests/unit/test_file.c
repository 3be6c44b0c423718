#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "tests/unit/scarce.h"

static char folder[] = "/tmp/certlookup-test-XXXXXX";

/* Path of `name` in the test's folder; valid until the next call but one. */
static const char *in(const char *name)
{
    static char paths[2][200];
    static int turn;

    turn = !turn;
    snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", folder, name);
    return paths[turn];
}

static void put(const char *name, const char *bytes, size_t size, mode_t mode)
{
    FILE *file = fopen(in(name), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    assert_int_equal(chmod(in(name), mode), 0);
}

static int folder_make(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int folder_remove(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void reads_whole_files(void **state)
{
    static char big[100000];
    struct buffer buffer;
    struct error error;

    (void)state;
    memset(big, 'b', sizeof(big));
    put("big", big, sizeof(big), 0644);
    put("empty", "", 0, 0644);
    put("binary", "a\0b\r\n", 5, 0644);
    buffer_init(&buffer, sizeof(big) + 10);
    assert_int_equal(file_read(in("big"), &buffer, &error), 0);
    assert_int_equal(buffer.size, sizeof(big));
    assert_int_equal(file_read(in("empty"), &buffer, &error), 0);
    assert_int_equal(file_read(in("binary"), &buffer, &error), 0);
    assert_int_equal(buffer.size, sizeof(big) + 5);
    assert_memory_equal(buffer.data + sizeof(big) - 1, "ba\0b\r\n", 7);
    buffer_free(&buffer);
}

static void refuses(int (*read)(const char *, struct buffer *, struct error *), const char *path, const char *why)
{
    struct buffer buffer;
    struct error error = {""};

    buffer_init(&buffer, 100);
    assert_int_equal(read(path, &buffer, &error), -1);
    if (strstr(error.text, why) == NULL || strstr(error.text, path) == NULL) {
        fail_msg("\"%s\" names neither %s nor \"%s\"", error.text, path, why);
    }
    buffer_free(&buffer);
}

static void what_is_no_file(void **state)
{
    static char big[101];

    (void)state;
    assert_int_equal(mkfifo(in("fifo"), 0600), 0);
    put("101", big, sizeof(big), 0600);
    refuses(file_read, in("missing"), "No such file");
    refuses(file_read, in("fifo"), "not a regular file");
    refuses(file_read, folder, "not a regular file");
    refuses(file_read, "/dev/zero", "not a regular file");
    refuses(file_read, in("101"), "larger than 100 bytes");
    refuses(file_read_secret, in("missing"), "No such file");
    refuses(file_read_secret, in("fifo"), "not a regular file");
    refuses(file_read_secret, in("101"), "larger than 100 bytes");
}

static void exactly_the_maximum_fits(void **state)
{
    static char big[100];
    struct buffer buffer;

    (void)state;
    put("100", big, sizeof(big), 0600);
    buffer_init(&buffer, sizeof(big));
    assert_int_equal(file_read(in("100"), &buffer, NULL), 0);
    assert_int_equal(buffer.size, 100);
    buffer_free(&buffer);
}

static const struct {
    const char *content, *want;
} secrets[] = {
    {"secret", "secret"}, {"secret\n", "secret"}, {"secret\r\n", "secret"}, {"secret\n\r\n\n", "secret"},
    {" se cret \n", " se cret "}, {"\nsecret", "\nsecret"}, {"", ""}, {"\n", ""}, {"a\nb\n", "a\nb"},
};

static void secrets_lose_their_line_end(void **state)
{
    struct buffer buffer;

    (void)state;
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        put("secret", secrets[i].content, strlen(secrets[i].content), 0600);
        buffer_init(&buffer, 100);
        assert_int_equal(file_read_secret(in("secret"), &buffer, NULL), 0);
        assert_string_equal(buffer_string(&buffer), secrets[i].want);
        assert_int_equal(buffer.size, strlen(secrets[i].want));
        buffer_free(&buffer);
    }
    put("secret", "a\0\n", 3, 0600);
    buffer_init(&buffer, 100);
    buffer_append_string(&buffer, "before\n");
    assert_int_equal(file_read_secret(in("secret"), &buffer, NULL), 0);
    assert_int_equal(buffer.size, 9);
    assert_memory_equal(buffer.data, "before\na\0", 10);
    put("secret", "\n\n", 2, 0600);
    buffer_clear(&buffer);
    buffer_append_string(&buffer, "before\n");
    assert_int_equal(file_read_secret(in("secret"), &buffer, NULL), 0);
    assert_string_equal(buffer_string(&buffer), "before\n");
    buffer_free(&buffer);
}

static void secrets_are_their_owners(void **state)
{
    static const struct {
        mode_t mode;
        bool good;
    } modes[] = {{0600, true}, {0400, true}, {0700, true}, {0640, false}, {0620, false}, {0604, false}, {0602, false},
                 {0644, false}, {0666, false}, {0440, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        put("secret", "x", 1, 0600);
        assert_int_equal(chmod(in("secret"), modes[i].mode), 0);
        if (modes[i].good) {
            struct buffer buffer;

            buffer_init(&buffer, 10);
            assert_int_equal(file_read_secret(in("secret"), &buffer, NULL), 0);
            buffer_free(&buffer);
        } else {
            refuses(file_read_secret, in("secret"), "others than its owner");
        }
        unlink(in("secret"));
    }
}

/* systemd gives a credential to the service by an ACL: the mode then shows a group that may read. */
static void credentials_of_systemd(void **state)
{
    static const struct {
        const char *path;
        mode_t mode;
        bool good;
    } cases[] = {
        {"given/key", 0440, true}, {"given/key", 0400, true}, {"given/key", 0460, false}, {"given/key", 0444, false},
        {"given/below/key", 0440, false}, {"given-not/key", 0440, false},
    };
    struct buffer buffer;

    (void)state;
    assert_int_equal(mkdir(in("given"), 0700), 0);
    assert_int_equal(mkdir(in("given/below"), 0700), 0);
    assert_int_equal(mkdir(in("given-not"), 0700), 0);
    setenv("CREDENTIALS_DIRECTORY", in("given"), 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put(cases[i].path, "x", 1, 0600);
        assert_int_equal(chmod(in(cases[i].path), cases[i].mode), 0);
        buffer_init(&buffer, 10);
        if (file_read_secret(in(cases[i].path), &buffer, NULL) != (cases[i].good ? 0 : -1)) {
            fail_msg("%s with mode %04o", cases[i].path, (unsigned)cases[i].mode);
        }
        buffer_free(&buffer);
        unlink(in(cases[i].path));
    }
    setenv("CREDENTIALS_DIRECTORY", "", 1);
    put("key", "x", 1, 0440);
    refuses(file_read_secret, in("key"), "others than its owner");
    unsetenv("CREDENTIALS_DIRECTORY");
}

/* The Makefile puts it in the place of geteuid(): whoever runs the test, the file can be a stranger's. */
static uid_t we_are;
static bool as_told;
uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void);

uid_t __wrap_geteuid(void)
{
    return as_told ? we_are : __real_geteuid();
}

static void a_strangers_secret(void **state)
{
    struct buffer buffer;
    struct stat status;
    char why[64];

    (void)state;
    put("strange", "x", 1, 0600);
    if (chown(in("strange"), 12345, 12345) != 0) {
        print_message("not root: the file stays our own\n"); /* root's would be good for everybody */
    }
    assert_int_equal(stat(in("strange"), &status), 0);
    snprintf(why, sizeof(why), "belongs to uid %ju", (uintmax_t)status.st_uid);
    as_told = true;
    we_are = status.st_uid + 1;
    refuses(file_read_secret, in("strange"), why);
    we_are = 0;
    refuses(file_read_secret, in("strange"), why);
    we_are = status.st_uid;
    buffer_init(&buffer, 10);
    assert_int_equal(file_read_secret(in("strange"), &buffer, NULL), 0);
    buffer_free(&buffer);
    as_told = false;
}

static char visited[1000];

static int remember(void *context, const char *path, struct error *error)
{
    const char *name = strrchr(path, '/') + 1;

    strcat(visited, name);
    strcat(visited, " ");
    return context != NULL && strcmp(name, context) == 0 ? error_set(error, "stopped") : 0;
}

static void folders_are_visited_in_order(void **state)
{
    static const char *const names[] = {"many/b", "many/a", "many/.hidden", "many/Z", "many/10", "many/9"};
    struct error error;

    (void)state;
    assert_int_equal(mkdir(in("many"), 0700), 0);
    assert_int_equal(mkdir(in("many/below"), 0700), 0);
    assert_int_equal(mkfifo(in("many/fifo"), 0700), 0);
    put("many/below/not", "", 0, 0600);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        put(names[i], "", 0, 0600);
    }
    assert_int_equal(symlink("a", in("many/link")), 0);
    visited[0] = '\0';
    assert_int_equal(file_each(in("many"), remember, NULL, &error), 0);
    assert_string_equal(visited, "10 9 Z a b link ");
    visited[0] = '\0';
    assert_int_equal(file_each(in("many/b"), remember, NULL, &error), 0);
    assert_string_equal(visited, "b ");
    visited[0] = '\0';
    assert_int_equal(file_each(in("many"), remember, "Z", &error), -1);
    assert_string_equal(visited, "10 9 Z ");
    assert_string_equal(error.text, "stopped");
    assert_int_equal(file_each(in("nowhere"), remember, NULL, &error), -1);
    assert_non_null(strstr(error.text, "nowhere: No such file"));
    assert_int_equal(symlink("gone", in("many/dangling")), 0);
    assert_int_equal(file_each(in("many"), remember, NULL, &error), -1);
    assert_non_null(strstr(error.text, "dangling: No such file"));
}

static struct digest state_of(const char *name)
{
    struct digest_stream *stream = digest_stream_new();

    assert_non_null(stream);
    file_add_state(in(name), stream);
    return digest_stream_end(&stream);
}

/* Whether the state of `watched` is another than it was, and stays so. */
static bool changed(struct digest *before)
{
    struct digest now = state_of("watched"), again = state_of("watched");
    bool differs = !digest_equal(before, &now);

    assert_true(digest_equal(&now, &again));
    *before = now;
    return differs;
}

static void each_change_of_a_file_is_another_state(void **state)
{
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    struct digest before;

    (void)state;
    before = state_of("watched");
    assert_false(changed(&before)); /* not there, twice */
    assert_int_equal(mkdir(in("watched"), 0700), 0);
    assert_true(changed(&before));
    put("watched/a", "1", 1, 0600);
    assert_true(changed(&before));
    put("watched/a", "12", 2, 0600);
    assert_true(changed(&before));
    assert_int_equal(utimensat(AT_FDCWD, in("watched/a"), old, 0), 0);
    assert_true(changed(&before));
    put("watched/.new", "12", 2, 0600);
    assert_true(changed(&before)); /* for the folder's own time */
    char from[200];
    strcpy(from, in("watched/.new"));
    assert_int_equal(utimensat(AT_FDCWD, from, old, 0), 0);
    assert_false(changed(&before)); /* a hidden file's is nobody's */
    assert_int_equal(rename(from, in("watched/a")), 0);
    assert_true(changed(&before));
    assert_int_equal(unlink(in("watched/a")), 0);
    assert_true(changed(&before));
    assert_int_equal(symlink("..one/a", in("watched/a")), 0);
    assert_true(changed(&before)); /* a link that leads nowhere */
    assert_int_equal(mkdir(in("watched/..one"), 0700), 0);
    assert_true(changed(&before));
    put("watched/..one/a", "1", 1, 0600);
    assert_true(changed(&before)); /* what it leads to counts */
    put("watched/..one/a", "2", 1, 0600);
    assert_true(changed(&before));
}

static void out_of_memory(void **state)
{
    struct error error;
    struct buffer buffer;

    (void)state;
    put("secret", "x", 1, 0600);
    buffer_init(&buffer, 10);
    scarce_begin(1);
    assert_int_equal(file_read_secret(in("secret"), &buffer, &error), -1);
    assert_true(scarce_end());
    assert_non_null(strstr(error.text, "out of memory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whole_files),
        cmocka_unit_test(what_is_no_file),
        cmocka_unit_test(exactly_the_maximum_fits),
        cmocka_unit_test(secrets_lose_their_line_end),
        cmocka_unit_test(secrets_are_their_owners),
        cmocka_unit_test(credentials_of_systemd),
        cmocka_unit_test(a_strangers_secret),
        cmocka_unit_test(folders_are_visited_in_order),
        cmocka_unit_test(each_change_of_a_file_is_another_state),
        cmocka_unit_test(out_of_memory),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
