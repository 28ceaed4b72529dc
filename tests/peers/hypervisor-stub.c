/*
 * hypervisor-stub.c: lets Debian's real xenstored and oxenstored (xen-utils-4.17) run without a Xen hypervisor.
 *
 * Preloaded into the daemon, it answers the few hypervisor calls the daemon makes. Domain 0 uses the daemon's ordinary
 * Unix socket. Every other domain that is INTRODUCEd gets its own Unix socket, whose bytes pass through a
 * genuine shared-memory ring. A client of this socket *is* that unprivileged domain for the daemon.
 *
 *   $STUB_DIR/domain-<domid>           connect here as that domain; exists before the reply to INTRODUCE, is removed
 *                                      when the daemon releases the domain, and is created again by INTRODUCE
 *   $STUB_DIR/domain-<domid>.gone      create this file: the domain no longer exists
 *   $STUB_DIR/domain-<domid>.shutdown  create this file: the domain has shut down
 *   $STUB_DIR/virq                     connect here: raises VIRQ_DOM_EXC, so the daemon checks its domains; sends a byte
 *                                      afterwards, and waits for the connection to be closed
 *
 * guest-ring.h says what a guest's connection may rely on. oxenstored 4.17 does not release a domain at RELEASE, only at
 * the domain's end: until the next INTRODUCE the socket stays, and no request gets a reply.
 *
 * C daemon:  XENSTORED_RUNDIR=DIR LD_PRELOAD=.../hypervisor-stub.so /usr/lib/xen-4.17/bin/xenstored -N --internal-db=on \
 *            -F DIR/pid      (its socket is DIR/socket; never -D: without domain 0 it dies at the first request)
 * OCaml one: its socket path is fixed, so it needs its own mount namespace; daemons.ts shows how.
 *
 * Build: cc -shared -fPIC -O1 -pthread -o hypervisor-stub.so hypervisor-stub.c -ldl   (needs libxen-dev)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <xenctrl.h>
#include <xengnttab.h>
#include "guest-ring.h"

enum { VIRQ_PORT = 1, FIRST_PORT = 16, MAX_GUESTS = 8192, MAX_PORTS = 16384, PAGE = 4096 };

static struct guest *guests[MAX_GUESTS]; /* touched by the daemon's own thread only; one entry per domid ever seen */
static int guest_count;
static char bound[MAX_PORTS];
static int handle; /* every opaque handle is &handle */
static int virq_raised; /* atomic */
static int virq_handled = -1; /* eventfd */

/* Signals must interrupt the daemon's own thread, because its handlers expect it. */
static int start_thread(pthread_t *thread, void *(*body)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread, NULL, body, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static void *serve_virq(void *listener)
{
    struct pollfd incoming = { (int)(intptr_t)listener, POLLIN, 0 }, handled = { virq_handled, POLLIN, 0 };
    for (;;) {
        poll(&incoming, 1, -1);
        int fd = accept4(incoming.fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) continue;
        raise_event(&virq_raised);
        while (poll(&handled, 1, -1) < 0) continue;
        drain(virq_handled);
        char byte = '.';
        if (send(fd, &byte, 1, MSG_NOSIGNAL) == 1) (void)!read(fd, &byte, 1);
        close(fd);
    }
    return NULL;
}

static void start(void)
{
    pthread_t thread;
    if (events >= 0) return;
    events = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE);
    virq_handled = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int listener = listen_at("virq");
    if (listener < 0 || start_thread(&thread, serve_virq, (void *)(intptr_t)listener)) exit(1);
    pthread_detach(thread);
}

/* --- Guests in the daemon's thread ------------------------------------------------------------------------------------- */

static struct guest *guest_of(uint32_t domid)
{
    for (int i = 0; i < guest_count; i++)
        if (guests[i]->domid == domid) return guests[i];
    return NULL;
}

static struct guest *guest_at(evtchn_port_t port)
{
    for (int i = 0; i < guest_count && port >= FIRST_PORT; i++)
        if (guests[i]->port == port) return guests[i];
    return NULL;
}

static int marked(uint32_t domid, const char *suffix)
{
    char name[64], path[256];
    snprintf(name, sizeof name, "domain-%u.%s", domid, suffix);
    stub_path(path, sizeof path, name);
    return access(path, F_OK) == 0;
}

static void unbind_guest(struct guest *g)
{
    __atomic_store_n(&g->ending, 1, __ATOMIC_RELEASE);
    wake(g->kick);
    pthread_join(g->carrier, NULL);
    if (take_event(&g->raised)) drain(events);
    g->port = 0;
}

/*
 * Maps a page of zeros twice: the daemon may unmap its view while the carrier uses the other. A domain may still be bound
 * here, because oxenstored 4.17 forgets the event channel and the ring at RELEASE without unbinding them.
 */
static void *map_ring(uint32_t domid)
{
    struct guest *g = guest_of(domid);
    int memory = memfd_create("ring", MFD_CLOEXEC);
    if (memory < 0 || ftruncate(memory, PAGE) || (!g && guest_count == MAX_GUESTS)) { close(memory); return NULL; }
    if (!g) {
        g = guests[guest_count++] = calloc(1, sizeof *g);
        *g = (struct guest){ .domid = domid, .listener = -1, .kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
    }
    if (g->port) unbind_guest(g);
    if (g->ring) munmap(g->ring, PAGE);
    g->ring = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    void *view = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    close(memory);
    return view;
}

/* The lowest free port, as in Xen: oxenstored relies on getting the port that it has just unbound. */
static xenevtchn_port_or_error_t take_port(void)
{
    for (int port = FIRST_PORT; port < MAX_PORTS; port++)
        if (!bound[port]) { bound[port] = 1; return port; }
    errno = ENOSPC;
    return -1;
}

/* The daemon has mapped the ring before this, and answers INTRODUCE after it. Domain 0 has neither a ring nor a socket here. */
static xenevtchn_port_or_error_t bind_guest(uint32_t domid)
{
    struct guest *g = guest_of(domid);
    xenevtchn_port_or_error_t port = take_port();
    if (!g || port < 0) return port;
    g->ending = g->broken = 0;
    if (listen_as(g) < 0 || start_thread(&g->carrier, serve_guest, g)) { bound[port] = 0; return -1; }
    return g->port = port;
}

/* --- libxenctrl -------------------------------------------------------------------------------------------------------- */

xc_interface *xc_interface_open(xentoollog_logger *a, xentoollog_logger *b, unsigned flags) { return (void *)&handle; }
int xc_interface_close(xc_interface *x) { return 0; }
int xc_domain_getinfo(xc_interface *x, uint32_t first, unsigned int max, xc_dominfo_t *info)
{
    if (marked(first, "gone")) return 0;
    memset(info, 0, sizeof *info);
    info->domid = first;
    if (marked(first, "shutdown")) info->shutdown = 1;
    else info->running = 1;
    return 1;
}
int xc_domain_getinfolist(xc_interface *x, uint32_t first, unsigned int max, xc_domaininfo_t *info)
{
    if (marked(first, "gone")) return 0;
    memset(info, 0, sizeof *info);
    info->domain = first;
    info->flags = marked(first, "shutdown") ? XEN_DOMINF_shutdown : XEN_DOMINF_running;
    return 1;
}
void *xc_map_foreign_range(xc_interface *x, uint32_t domid, int size, int prot, unsigned long mfn) { return map_ring(domid); }

/* --- libxenevtchn ------------------------------------------------------------------------------------------------------ */

xenevtchn_handle *xenevtchn_open(xentoollog_logger *l, unsigned int flags) { start(); return (void *)&handle; }
xenevtchn_handle *xenevtchn_fdopen(xentoollog_logger *l, int fd, unsigned flags) { return xenevtchn_open(l, flags); }
int xenevtchn_close(xenevtchn_handle *x) { return 0; }
int xenevtchn_fd(xenevtchn_handle *x) { start(); return events; }
xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *x, unsigned int virq) { return VIRQ_PORT; }
xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *x, uint32_t domid, evtchn_port_t port) { return bind_guest(domid); }
int xenevtchn_unbind(xenevtchn_handle *x, evtchn_port_t port)
{
    struct guest *g = guest_at(port);
    if (g) unbind_guest(g);
    if (port < MAX_PORTS) bound[port] = 0;
    return 0;
}
int xenevtchn_notify(xenevtchn_handle *x, evtchn_port_t port)
{
    struct guest *g = guest_at(port);
    if (g) wake(g->kick);
    return 0;
}
xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *x)
{
    static int last; /* a busy guest must not starve the others */
    if (!drain(events)) return -1;
    if (take_event(&virq_raised)) return VIRQ_PORT;
    for (int i = 0; i < guest_count; i++) {
        last = (last + 1) % guest_count;
        if (take_event(&guests[last]->raised)) return guests[last]->port;
    }
    errno = EAGAIN;
    return -1;
}
/* Both daemons unmask a port after they have handled its event. */
int xenevtchn_unmask(xenevtchn_handle *x, evtchn_port_t port) { if (port == VIRQ_PORT) wake(virq_handled); return 0; }

/* --- libxengnttab ------------------------------------------------------------------------------------------------------ */

xengnttab_handle *xengnttab_open(xentoollog_logger *l, unsigned flags) { return (void *)&handle; }
int xengnttab_close(xengnttab_handle *x) { return 0; }
int xengnttab_set_max_grants(xengnttab_handle *x, uint32_t count) { return 0; }
void *xengnttab_map_grant_ref(xengnttab_handle *x, uint32_t domid, uint32_t ref, int prot) { return map_ring(domid); }
int xengnttab_unmap(xengnttab_handle *x, void *start_address, uint32_t count) { return munmap(start_address, PAGE * count); }

/* --- libc -------------------------------------------------------------------------------------------------------------- */

/* Domain 0's ring, which the C daemon finds through two special files. Its other end is not used. */
static int special_file(const char *path)
{
    if (strcmp(path, "/proc/xen/xsd_port") && strcmp(path, "/proc/xen/xsd_kva")) return -1;
    int fd = memfd_create("xsd", MFD_CLOEXEC);
    if (strstr(path, "port")) { (void)!write(fd, "2", 1); lseek(fd, 0, SEEK_SET); }
    else (void)!ftruncate(fd, PAGE);
    return fd;
}
#define WRAP_OPEN(NAME) \
int NAME(const char *path, int flags, ...) \
{ \
    static int (*next)(const char *, int, ...); \
    int fd = special_file(path); \
    va_list args; va_start(args, flags); mode_t mode = va_arg(args, int); va_end(args); \
    if (!next) next = dlsym(RTLD_NEXT, #NAME); \
    return fd >= 0 ? fd : next(path, flags, mode); \
}
WRAP_OPEN(open)
WRAP_OPEN(open64)

/* oxenstored insists on raising its file limit; a container may forbid that. */
int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit) { return 0; }
int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit) { return 0; }
