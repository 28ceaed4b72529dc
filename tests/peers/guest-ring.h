/*
 * guest-ring.h: carries bytes between a guest's Unix socket and its ring page; a part of hypervisor-stub.c.
 *
 * A guest has one connection at a time; the next one waits in the listener's queue. The daemon sees one guest, whatever
 * the number of its connections, so traces of one connection would affect the next. Therefore:
 *   - requests enter the ring whole: a connection that closes in the middle of one leaves no part of it;
 *   - when a connection closes, RESET_WATCHES is sent as that guest, as a booting kernel does, and all bytes up to its
 *     reply are dropped: the next connection finds no watch, no transaction, and no byte of an old reply;
 *   - a length over XENSTORE_PAYLOAD_MAX passes unchanged. Both 4.17 daemons then stop replying on that ring, as for a real
 *     guest; when the connection closes, the guest's socket goes away until the domain is RELEASEd and INTRODUCEd
 *     again (INTRODUCE alone brings the socket back, but the daemons stay silent).
 *
 * The carrier sleeps in one poll without a timeout. Both of its ends wake it: the socket, and an eventfd that the daemon's
 * notifications write to. It looks at the ring after it has emptied the eventfd, so a notification is never lost.
 */
#ifndef GUEST_RING_H
#define GUEST_RING_H
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xen/io/xs_wire.h>

enum { HEADER = sizeof(struct xsd_sockmsg), HELD = 2 * (HEADER + XENSTORE_PAYLOAD_MAX) };

struct guest {
    uint32_t domid;
    evtchn_port_t port; /* the daemon's end of the event channel; 0 while unbound */
    struct xenstore_domain_interface *ring; /* the carrier's view; the daemon has its own */
    int listener;
    int kick; /* eventfd: the daemon notified this guest, or wants the carrier to end */
    int raised; /* atomic: this guest notified the daemon, which has not fetched the event yet */
    int ending; /* atomic: the carrier is to end */
    pthread_t carrier;

    /* Written by the carrier only. */
    char held[HELD + 2 * HEADER]; /* requests: [0, pushed) are in the ring already, [pushed, whole) may go, */
    size_t pushed, whole, have; /*             [whole, have) are a part of one; the rest is room for settle() */
    uint32_t unanswered; /* requests whose reply has not passed */
    struct xsd_sockmsg reply; /* header of the message passing in the response ring, */
    uint32_t reply_seen; /*      how many of its bytes have passed, header included */
    int used; /* there was a connection, and its traces have not been removed */
    int broken; /* framing is lost: a length over the limit went through */
};

static int events = -1; /* eventfd the daemon polls; counts the raised flags that are set */

static void wake(int fd) { uint64_t one = 1; (void)!write(fd, &one, sizeof one); }
static int drain(int fd) { uint64_t n; return read(fd, &n, sizeof n) == sizeof n; }

/* The order matters: for each count in `events`, a flag must be set already. */
static void raise_event(int *flag) { if (!__atomic_exchange_n(flag, 1, __ATOMIC_ACQ_REL)) wake(events); }
static int take_event(int *flag) { return __atomic_exchange_n(flag, 0, __ATOMIC_ACQ_REL); }

static void stub_path(char *path, size_t size, const char *name)
{
    const char *dir = getenv("STUB_DIR");
    if (!dir) dir = getenv("XENSTORED_RUNDIR");
    if (snprintf(path, size, "%s/%s", dir ? dir : "/var/run/xenstored", name) >= (int)size) path[0] = 0;
}

static int listen_at(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    stub_path(address.sun_path, sizeof address.sun_path, name);
    unlink(address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && *address.sun_path && !bind(fd, (struct sockaddr *)&address, sizeof address) && !listen(fd, 64)) return fd;
    fprintf(stderr, "hypervisor-stub: cannot listen at \"%s\": %s\n", name, *address.sun_path ? strerror(errno) : "path too long");
    if (fd >= 0) close(fd);
    return -1;
}

static int listen_as(struct guest *g)
{
    char name[64];
    snprintf(name, sizeof name, "domain-%u", g->domid);
    return g->listener = listen_at(name);
}

static void stop_listening(struct guest *g)
{
    char name[64], path[256];
    snprintf(name, sizeof name, "domain-%u", g->domid);
    stub_path(path, sizeof path, name);
    unlink(path);
    close(g->listener);
}

static void find_whole_requests(struct guest *g)
{
    while (!g->broken && g->have - g->whole >= HEADER) {
        struct xsd_sockmsg header;
        memcpy(&header, g->held + g->whole, HEADER);
        if (header.len > XENSTORE_PAYLOAD_MAX) g->broken = 1;
        else if (g->have - g->whole < HEADER + header.len) return;
        else { g->whole += HEADER + header.len; g->unanswered++; }
    }
    if (g->broken) g->whole = g->have;
}

/* Notifies the daemon once for all bytes that had room. */
static void push_requests(struct guest *g)
{
    struct xenstore_domain_interface *ring = g->ring;
    uint32_t prod = ring->req_prod, count = 0;
    uint32_t space = XENSTORE_RING_SIZE - (prod - __atomic_load_n(&ring->req_cons, __ATOMIC_ACQUIRE));
    for (; count < space && g->pushed < g->whole; count++) ring->req[MASK_XENSTORE_IDX(prod + count)] = g->held[g->pushed++];
    if (!count) return;
    __atomic_store_n(&ring->req_prod, prod + count, __ATOMIC_SEQ_CST);
    raise_event(&g->raised);
    if (g->pushed < g->whole) return;
    memmove(g->held, g->held + g->whole, g->have - g->whole);
    g->have -= g->whole;
    g->pushed = g->whole = 0;
}

static void follow_replies(struct guest *g, const char *bytes, size_t size)
{
    while (size) {
        size_t end = g->reply_seen < HEADER ? HEADER : HEADER + g->reply.len;
        size_t n = end - g->reply_seen < size ? end - g->reply_seen : size;
        if (g->reply_seen < HEADER) memcpy((char *)&g->reply + g->reply_seen, bytes, n);
        bytes += n, size -= n, g->reply_seen += n;
        if (g->reply_seen < HEADER || g->reply_seen < HEADER + g->reply.len) continue;
        g->reply_seen = 0;
        if (g->reply.type != XS_WATCH_EVENT && g->unanswered) g->unanswered--;
    }
}

/* Returns 1 when the connection takes no more for now, -1 when it is gone. Without a connection, bytes are dropped. */
static int pull_replies(struct guest *g, int fd)
{
    struct xenstore_domain_interface *ring = g->ring;
    for (;;) {
        uint32_t cons = ring->rsp_cons, at = MASK_XENSTORE_IDX(cons);
        uint32_t ready = __atomic_load_n(&ring->rsp_prod, __ATOMIC_SEQ_CST) - cons;
        if (!ready) return 0;
        ssize_t n = XENSTORE_RING_SIZE - at < ready ? XENSTORE_RING_SIZE - at : ready;
        if (fd >= 0) n = send(fd, ring->rsp + at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) return errno == EAGAIN || errno == EINTR ? 1 : -1;
        follow_replies(g, ring->rsp + at, n);
        __atomic_store_n(&ring->rsp_cons, cons + n, __ATOMIC_SEQ_CST);
        /* As Linux does: only a ring that was full has a daemon waiting for room in it. */
        if (__atomic_load_n(&ring->rsp_prod, __ATOMIC_SEQ_CST) - cons == XENSTORE_RING_SIZE) raise_event(&g->raised);
    }
}

/* Until the connection is gone; without one (fd -1), until every request is answered. */
static void carry(struct guest *g, int fd)
{
    while (!__atomic_load_n(&g->ending, __ATOMIC_ACQUIRE)) {
        push_requests(g);
        int full = pull_replies(g, fd);
        if (full < 0 || (fd < 0 && !g->unanswered && !g->reply_seen)) return;
        size_t room = HELD - g->have;
        struct pollfd fds[2] = { { room || full ? fd : -1, (room ? POLLIN : 0) | (full ? POLLOUT : 0), 0 }, { g->kick, POLLIN, 0 } };
        poll(fds, 2, -1);
        if (fds[1].revents) drain(g->kick);
        if (!(fds[0].revents & ~POLLOUT)) continue;
        ssize_t n = recv(fd, g->held + g->have, room, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (n <= 0) return;
        g->have += n;
        find_whole_requests(g);
    }
}

/* Removes the traces of the last connection: see the top of the file. */
static void settle(struct guest *g)
{
    struct xsd_sockmsg reset = { .type = XS_RESET_WATCHES, .len = 1 }; /* oxenstored 4.17 lets an empty payload wait */
    if (!g->broken) {
        memcpy(g->held + g->whole, &reset, HEADER);
        g->held[g->whole + HEADER] = 0;
        g->have = g->whole + HEADER + 1;
        find_whole_requests(g);
        carry(g, -1);
    }
    g->used = __atomic_load_n(&g->ending, __ATOMIC_ACQUIRE);
}

static void *serve_guest(void *opaque)
{
    struct guest *g = opaque;
    while (!__atomic_load_n(&g->ending, __ATOMIC_ACQUIRE) && !g->broken) {
        struct pollfd fds[2] = { { g->listener, POLLIN, 0 }, { g->kick, POLLIN, 0 } };
        poll(fds, 2, -1);
        if (fds[1].revents) drain(g->kick);
        int fd = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) continue;
        if (g->used && g->ring->req_prod) settle(g); /* INTRODUCEd again by a daemon that keeps the ring as it was */
        else g->pushed = g->whole = g->have = g->unanswered = g->reply_seen = 0;
        g->used = 1;
        carry(g, fd);
        close(fd);
        settle(g);
    }
    stop_listening(g);
    return NULL;
}
#endif
