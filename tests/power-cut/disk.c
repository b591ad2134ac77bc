/* A disk that forgets: what a program wrote and did not sync is gone after a power cut.
 *
 * Loaded into a program with LD_PRELOAD. Files below $COMITY_DISK are written as ever, and read as ever, so that the
 * program sees its own writes; what would survive a power cut is kept apart, below $COMITY_PLATTER: a file's bytes get
 * there by fsync or fdatasync of that file alone, and its name, or the end of it, by fsync of its directory alone. Then
 * the power is cut with kill -9, and the platter is what is left (tests/src/power_cut.rs, which also lets some of the
 * unsynced sectors reach the platter by chance, as a real disk does).
 *
 * With $COMITY_DISK_LIES set, a sync says that it is done and does nothing: as if syncing were off. That is the control.
 *
 * Files in sub-folders are not followed, nor are writes through a mapping: SQLite maps only its -shm file, which is no
 * data. The real syncs are left out: nobody cuts this machine's power.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FDS 4096
#define NAME_BYTES 256
#define PATH_BYTES 4096
/* How long a sync takes, in microseconds, as on a disk: the time in which a power cut finds something unsynced. */
#define SYNC_TAKES 10000
/* The name of a file whose directory was not synced since it was made. */
#define UNLISTED ".unlisted"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *disk, *platter;
static int lies;
/* The name of the followed file that is open as this number; "/" for the folder itself; empty for others. */
static char names[MOST_FDS][NAME_BYTES];

static int (*real_close)(int);
static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) { fprintf(stderr, "disk.c: no %s\n", name); abort(); }
    return found;
}

__attribute__((constructor)) static void begin(void) {
    real_open = real("open64");
    real_openat = real("openat64");
    real_close = real("close");
    lies = getenv("COMITY_DISK_LIES") != NULL;
    platter = getenv("COMITY_PLATTER");
    disk = platter ? getenv("COMITY_DISK") : NULL;
}

/* Follows a file that was just opened. */
static int followed(int fd, const char *path) {
    if (fd < 0 || fd >= MOST_FDS || !disk) return fd;
    char full[PATH_BYTES];
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, full, sizeof full - 1);
    (void)path;
    names[fd][0] = 0;
    if (length <= 0) return fd;
    full[length] = 0;
    size_t prefix = strlen(disk);
    if (strncmp(full, disk, prefix) != 0) return fd;
    if (full[prefix] == 0) { strcpy(names[fd], "/"); return fd; }
    const char *name = full + prefix + 1;
    if (full[prefix] != '/' || strchr(name, '/') || strlen(name) >= NAME_BYTES) return fd;
    strcpy(names[fd], name);
    return fd;
}

static void place(char *into, const char *name, const char *ending) {
    snprintf(into, PATH_BYTES, "%s/%s%s", platter, name, ending);
}

/* Brings a file's bytes to the platter. Slow and plain: the whole file, sector by sector where it differs. */
static void sync_file(int fd, const char *name) {
    static char ours[65536], theirs[65536];
    char path[PATH_BYTES];
    struct stat file;
    place(path, name, "");
    int out = real_open(path, O_RDWR);
    if (out < 0) {
        place(path, name, UNLISTED);
        out = real_open(path, O_RDWR | O_CREAT, 0600);
    }
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    int in = real_open(self, O_RDONLY);
    if (out < 0 || in < 0 || fstat(in, &file) != 0) { perror("disk.c: the platter"); abort(); }
    off_t at = 0;
    ssize_t got;
    while ((got = pread64(in, ours, sizeof ours, at)) > 0) {
        ssize_t kept = pread64(out, theirs, (size_t)got, at);
        if (kept != got || memcmp(ours, theirs, (size_t)got) != 0) {
            ssize_t (*write_at)(int, const void *, size_t, off_t) = real("pwrite64");
            if (write_at(out, ours, (size_t)got, at) != got) { perror("disk.c: the platter"); abort(); }
        }
        at += got;
    }
    int (*cut)(int, off_t) = real("ftruncate64");
    if (cut(out, at) != 0) { perror("disk.c: the platter"); abort(); }
    real_close(in);
    real_close(out);
}

/* Brings the names in the folder to the platter: new ones appear there, those that are gone go. */
static void sync_folder(void) {
    DIR *folder = opendir(platter);
    struct dirent *entry;
    if (!folder) { perror("disk.c: the platter"); abort(); }
    while ((entry = readdir(folder))) {
        char from[PATH_BYTES], to[PATH_BYTES], file[PATH_BYTES];
        size_t length = strlen(entry->d_name), ending = strlen(UNLISTED);
        if (entry->d_name[0] == '.' || entry->d_type == DT_DIR) continue;
        place(from, entry->d_name, "");
        if (length > ending && strcmp(entry->d_name + length - ending, UNLISTED) == 0) {
            char name[NAME_BYTES];
            snprintf(name, sizeof name, "%.*s", (int)(length - ending), entry->d_name);
            place(to, name, "");
            rename(from, to);
            continue;
        }
        snprintf(file, sizeof file, "%s/%s", disk, entry->d_name);
        if (access(file, F_OK) != 0) unlink(from);
    }
    closedir(folder);
}

static int synced(int fd, const char *call) {
    if (fd >= 0 && fd < MOST_FDS && names[fd][0]) {
        if (lies) return 0;
        usleep(SYNC_TAKES);
        pthread_mutex_lock(&lock);
        if (strcmp(names[fd], "/") == 0) sync_folder();
        else sync_file(fd, names[fd]);
        pthread_mutex_unlock(&lock);
        return 0;
    }
    int (*sync_it)(int) = real(call);
    return sync_it(fd);
}

int fsync(int fd) { return synced(fd, "fsync"); }
int fdatasync(int fd) { return synced(fd, "fdatasync"); }

static mode_t mode_of(int flags, va_list more) {
    return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(more, int) : 0;
}

#define OPENS(NAME, REAL, ...)                                     \
    va_list more;                                                  \
    va_start(more, flags);                                         \
    mode_t mode = mode_of(flags, more);                            \
    va_end(more);                                                  \
    if (!REAL) REAL = real(NAME);                                  \
    return followed(REAL(__VA_ARGS__, flags, mode), path);

int open(const char *path, int flags, ...) { OPENS("open64", real_open, path) }
int open64(const char *path, int flags, ...) { OPENS("open64", real_open, path) }
int openat(int folder, const char *path, int flags, ...) { OPENS("openat64", real_openat, folder, path) }
int openat64(int folder, const char *path, int flags, ...) { OPENS("openat64", real_openat, folder, path) }

int close(int fd) {
    if (fd >= 0 && fd < MOST_FDS) names[fd][0] = 0;
    if (!real_close) real_close = real("close");
    return real_close(fd);
}
