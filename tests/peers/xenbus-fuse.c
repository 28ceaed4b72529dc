/*
 * xenbus-fuse.c: a stand-in for /dev/xen/xenbus without Xen, for quick runs; ../xen-host uses the real device.
 *
 * Mounts a file that behaves as the device on a real host:
 *   - every open is a separate connection to the store at $XENSTORED_PATH;
 *   - one message per write: further bytes of the same write are dropped, and the write returns its full length;
 *   - the parts of a message from several writes are joined;
 *   - a message of more than 4096 bytes, including its header, fails: with EINVAL if the bytes exceed the driver's buffer,
 *     with E2BIG if the header announces them; the part that was written before is dropped;
 *   - a read returns the queued messages that fit; without any it blocks, or fails with EAGAIN under O_NONBLOCK, and it
 *     fails with EINTR if its process gets a signal; close() does not end a blocked read, a message does;
 *   - poll reports input only, never that a write is possible.
 * Not modelled: the kernel's own answers to WATCH and UNWATCH, its ENOENT for unknown transactions, the endless read of 0
 * bytes, and the kind of file (a regular one here: the kernel would look for the driver of a mounted character device).
 *
 * One thread. A read that finds nothing is parked with its open file, so any number of reads can block, and each is
 * answered when its bytes or its interrupt arrive. Requests and replies are queued without a limit, as in the kernel: a
 * write never waits for a store that itself waits until its replies are read.
 *
 *   cc -O1 -o xenbus-fuse xenbus-fuse.c $(pkg-config --cflags --libs fuse3)     (libfuse3-dev; run as root)
 *   touch FILE; XENSTORED_PATH=SOCKET ./xenbus-fuse FILE &        ends on SIGTERM; umount FILE if it was killed
 */
#define FUSE_USE_VERSION 35
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { HEADER = 16, LENGTH_AT = 12, LIMIT = 4096, CHUNK = 65536 };

/* What the kernel expects in reply to an open; libfuse 3.14 has no name for STREAM yet. */
struct open_reply { uint64_t handle; uint32_t flags; int32_t backing; };
enum { DIRECT_IO = 1, NONSEEKABLE = 4, STREAM = 16 }; /* without STREAM a blocked read locks out every write */

struct parked_read {
    fuse_req_t req;
    size_t size;
    int interrupted;
    struct parked_read *next;
};

struct queue {
    char *bytes;
    size_t from, to, room; /* the queued bytes are [from, to) */
};

struct opened {
    int store;
    int ended; /* the store has closed the connection */
    struct queue requests, replies;
    size_t ready; /* the bytes of whole messages in the replies: the driver never returns a part of a message */
    struct parked_read *reads; /* oldest first */
    struct fuse_pollhandle *poller; /* a process polls for input */
    uint32_t have; /* bytes of the message being written */
    char message[LIMIT];
    struct opened *next;
};

static struct opened *files;
static int watcher; /* epoll */

static struct opened *of(struct fuse_file_info *info) { return (struct opened *)(uintptr_t)info->fh; }

static size_t queued(struct queue *queue) { return queue->to - queue->from; }

static void take(struct queue *queue, size_t size)
{
    queue->from += size;
    if (!queued(queue)) queue->from = queue->to = 0;
}

/* Returns the place for `size` more bytes. */
static char *make_room(struct queue *queue, size_t size)
{
    if (queue->room - queue->to < size && queue->from) {
        memmove(queue->bytes, queue->bytes + queue->from, queued(queue));
        queue->to -= queue->from, queue->from = 0;
    }
    if (queue->room - queue->to < size) {
        queue->room = 2 * (queue->room + size);
        queue->bytes = realloc(queue->bytes, queue->room);
        if (!queue->bytes) abort();
    }
    return queue->bytes + queue->to;
}

/* Sends what the store takes now, and registers for the time when it takes the rest. */
static void send_requests(struct opened *file)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = file };
    ssize_t n = send(file->store, file->requests.bytes + file->requests.from, queued(&file->requests), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) take(&file->requests, n);
    else if (n < 0 && errno != EAGAIN) take(&file->requests, queued(&file->requests)); /* reading shows the end */
    if (queued(&file->requests)) event.events |= EPOLLOUT;
    if (!file->ended) epoll_ctl(watcher, EPOLL_CTL_MOD, file->store, &event);
}

static void receive_replies(struct opened *file)
{
    ssize_t n = recv(file->store, make_room(&file->replies, CHUNK), CHUNK, MSG_DONTWAIT);
    if (n > 0) file->replies.to += n;
    while (queued(&file->replies) - file->ready >= HEADER) {
        uint32_t payload;
        memcpy(&payload, file->replies.bytes + file->replies.from + file->ready + LENGTH_AT, sizeof payload);
        if (queued(&file->replies) - file->ready - HEADER < payload) break;
        file->ready += HEADER + payload;
    }
    if (n > 0 || (n < 0 && errno == EAGAIN)) return;
    file->ended = 1;
    epoll_ctl(watcher, EPOLL_CTL_DEL, file->store, NULL);
}

static void set_flag(fuse_req_t req, void *flag) { *(int *)flag = 1; }

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    struct stat stat = { .st_ino = ino, .st_nlink = 1, .st_mode = S_IFREG | 0600 };
    fuse_reply_attr(req, &stat, 1.0);
}

/* An open with O_TRUNC sets a size of 0, which a device ignores. */
static void do_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *to, int which, struct fuse_file_info *info)
{
    do_getattr(req, ino, info);
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct opened *file = calloc(1, sizeof *file);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", getenv("XENSTORED_PATH"));
    file->store = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(file->store, (struct sockaddr *)&address, sizeof address)) {
        fuse_reply_err(req, errno);
        close(file->store);
        free(file);
        return;
    }
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = file };
    epoll_ctl(watcher, EPOLL_CTL_ADD, file->store, &event);
    file->next = files;
    files = file;
    struct open_reply reply = { (uintptr_t)file, DIRECT_IO | NONSEEKABLE | STREAM, 0 };
    fuse_reply_buf(req, (char *)&reply, sizeof reply);
}

/* Answers a read if there are bytes. After the store's end the read is empty, whereas the device would wait forever. */
static int try_read(struct opened *file, fuse_req_t req, size_t size)
{
    if (!file->ready && !file->ended) return 0;
    if (size > file->ready) size = file->ready;
    fuse_reply_buf(req, file->replies.bytes + file->replies.from, size);
    file->ready -= size;
    take(&file->replies, size);
    return 1;
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info)
{
    struct opened *file = of(info);
    if (!file->ended) receive_replies(file);
    if (!file->reads && try_read(file, req, size)) return;
    if (info->flags & O_NONBLOCK) { fuse_reply_err(req, EAGAIN); return; }
    struct parked_read **last = &file->reads, *read = calloc(1, sizeof *read);
    *read = (struct parked_read){ .req = req, .size = size };
    while (*last) last = &(*last)->next;
    *last = read;
    fuse_req_interrupt_func(req, set_flag, &read->interrupted);
}

static void do_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset, struct fuse_file_info *info)
{
    struct opened *file = of(info);
    uint32_t payload;
    if (size > LIMIT - file->have) { file->have = 0; fuse_reply_err(req, EINVAL); return; }
    memcpy(file->message + file->have, bytes, size);
    file->have += size;
    if (file->have >= HEADER) {
        memcpy(&payload, file->message + LENGTH_AT, sizeof payload);
        if (payload > LIMIT - HEADER) { file->have = 0; fuse_reply_err(req, E2BIG); return; }
        if (file->have >= HEADER + payload) {
            memcpy(make_room(&file->requests, HEADER + payload), file->message, HEADER + payload);
            file->requests.to += HEADER + payload;
            file->have = 0;
            send_requests(file);
        }
    }
    fuse_reply_write(req, size);
}

static void do_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info, struct fuse_pollhandle *poller)
{
    struct opened *file = of(info);
    if (!file->ended) receive_replies(file);
    if (poller) {
        if (file->poller) fuse_pollhandle_destroy(file->poller);
        file->poller = poller;
    }
    fuse_reply_poll(req, file->ready || file->ended ? POLLIN | POLLRDNORM : 0);
}

static void do_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    struct opened **at = &files, *file = of(info);
    while (*at != file) at = &(*at)->next;
    *at = file->next;
    if (file->poller) fuse_pollhandle_destroy(file->poller);
    if (queued(&file->requests)) send_requests(file);
    close(file->store);
    free(file->requests.bytes);
    free(file->replies.bytes);
    free(file);
    fuse_reply_err(req, 0);
}

/* The store has sent bytes or takes more: wakes the reads and polls of this open file. */
static void wake(struct opened *file)
{
    receive_replies(file);
    while (file->reads && try_read(file, file->reads->req, file->reads->size)) {
        struct parked_read *done = file->reads;
        file->reads = done->next;
        free(done);
    }
    if (queued(&file->requests)) send_requests(file);
    if (!file->poller || (!file->ready && !file->ended)) return;
    fuse_lowlevel_notify_poll(file->poller);
    fuse_pollhandle_destroy(file->poller);
    file->poller = NULL;
}

/* Interrupts arrive while libfuse holds the request. They are answered here, after libfuse has released it. */
static void answer_interrupts(void)
{
    for (struct opened *file = files; file; file = file->next)
        for (struct parked_read **at = &file->reads; *at;) {
            struct parked_read *read = *at;
            if (!read->interrupted) { at = &read->next; continue; }
            fuse_reply_err(read->req, EINTR);
            *at = read->next;
            free(read);
        }
}

static const struct fuse_lowlevel_ops operations = {
    .getattr = do_getattr, .setattr = do_setattr, .open = do_open, .read = do_read, .write = do_write, .poll = do_poll,
    .release = do_release,
};

static void serve(struct fuse_session *session)
{
    struct fuse_buf buffer = { 0 };
    struct epoll_event event = { .events = EPOLLIN };
    int kernel = fuse_session_fd(session);
    sigset_t ends, before; /* unblocked only while waiting, so that no signal arrives between the check and the wait */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM), sigaddset(&ends, SIGINT), sigaddset(&ends, SIGHUP);
    sigprocmask(SIG_BLOCK, &ends, &before);
    watcher = epoll_create1(EPOLL_CLOEXEC);
    fcntl(kernel, F_SETFL, fcntl(kernel, F_GETFL) | O_NONBLOCK);
    epoll_ctl(watcher, EPOLL_CTL_ADD, kernel, &event);
    while (!fuse_session_exited(session)) {
        /* One event at a time: a request may free the open file of a second event. */
        if (epoll_pwait(watcher, &event, 1, -1, &before) != 1) continue;
        if (event.data.ptr) { wake(event.data.ptr); continue; }
        int size = fuse_session_receive_buf(session, &buffer);
        if (size > 0) fuse_session_process_buf(session, &buffer);
        answer_interrupts();
    }
    free(buffer.mem);
}

int main(int argc, char **argv)
{
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    if (argc != 2 || !getenv("XENSTORED_PATH")) {
        fprintf(stderr, "usage: XENSTORED_PATH=SOCKET %s FILE\n", argv[0]);
        return 2;
    }
    fuse_opt_add_arg(&args, argv[0]);
    struct fuse_session *session = fuse_session_new(&args, &operations, sizeof operations, NULL);
    if (!session || fuse_set_signal_handlers(session) || fuse_session_mount(session, argv[1])) return 1;
    serve(session);
    fuse_session_unmount(session);
    return 0;
}
