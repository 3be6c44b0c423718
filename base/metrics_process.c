#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/metrics_table.h"

/* By /proc/self/statm; 0 where it cannot be read. */
struct memory {
    int64_t virtual_bytes, resident_bytes;
};

static void read_memory(struct memory *memory)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long long virtual_pages, resident_pages;

    if (file != NULL) {
        if (fscanf(file, "%lld %lld", &virtual_pages, &resident_pages) == 2) {
            memory->virtual_bytes = virtual_pages * sysconf(_SC_PAGESIZE);
            memory->resident_bytes = resident_pages * sysconf(_SC_PAGESIZE);
        }
        fclose(file);
    }
}

static int64_t count_entries(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int64_t count = 0;

    if (folder == NULL) {
        return 0;
    }
    while ((entry = readdir(folder)) != NULL) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    closedir(folder);
    return count;
}

static int64_t max_fds(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (int64_t)limit.rlim_cur : 0;
}

static int64_t cpu_us(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return 0;
    }
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

static void write_cpu(struct buffer *out)
{
    int64_t us = cpu_us();

    metrics_write_head(out, "process_cpu_seconds_total", "counter",
                       "Time that the processors spent on the process, in user and in system mode.");
    buffer_append_format(out, "process_cpu_seconds_total %lld.%06lld\n", (long long)(us / 1000000),
                         (long long)(us % 1000000));
}

void metrics_write_process(struct buffer *out)
{
    struct memory memory = {0};

    read_memory(&memory);
    const struct {
        const char *name, *help;
        int64_t value;
    } gauges[] = {
        {"process_resident_memory_bytes", "Memory that the process occupies, in bytes.", memory.resident_bytes},
        {"process_virtual_memory_bytes", "Memory that the process has addresses for, in bytes.",
         memory.virtual_bytes},
        {"process_open_fds", "Open file descriptors.", count_entries("/proc/self/fd") - 1}, /* less the folder's own */
        {"process_max_fds", "File descriptors that the process may have open.", max_fds()},
        {"process_threads", "Threads of the process.", count_entries("/proc/self/task")},
    };

    write_cpu(out);
    for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
        metrics_write_head(out, gauges[i].name, "gauge", gauges[i].help);
        buffer_append_format(out, "%s %lld\n", gauges[i].name, (long long)gauges[i].value);
    }
    metrics_write_head(out, "certlookup_build_info", "gauge", "The version that runs; always 1.");
    buffer_append_format(out, "certlookup_build_info{version=\"%s\"} 1\n", VERSION);
}
