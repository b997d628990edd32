//! nginx as the file server that real logs and feeds stand behind: ranges, gzip, limits, all its own. On a free port of the loopback.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The program.
pub(crate) struct Nginx(());

/// A running server. Dropped: it stops.
pub(crate) struct Server {
    /// `http://127.0.0.1:PORT`.
    pub(crate) base: String,
    child: Child,
    folder: TempDir,
}

impl Nginx {
    /// `None` where it is not installed: then the test says `skipped`.
    pub(crate) fn program() -> Option<Self> {
        if Path::new("/usr/sbin/nginx").exists() {
            return Some(Self(()));
        }
        eprintln!("skipped: nginx is not here (make test installs it)");
        None
    }
    /// Serves `root`; `extra` stands in its location.
    pub(crate) fn serve(&self, root: &Path, extra: &str) -> Server {
        self.serve_as(root, extra, "")
    }
    /// The same with more locations of its own: a service, not only files.
    pub(crate) fn serve_as(&self, root: &Path, extra: &str, locations: &str) -> Server {
        let folder = TempDir::new().expect("temp");
        let at = folder.path().display().to_string();
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
        let user =
            if Path::new("/proc/self").metadata().is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0) { "user root;" } else { "" };
        let text = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log; {user} events {{}}\n\
             http {{ map $request $asked {{ \"~^(?<m>[A-Z]+) \" $m; }} log_format told '$asked $request_uri $status range=$http_range auth=$http_authorization'; access_log {at}/access.log told; client_body_temp_path {at}/b; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f; uwsgi_temp_path {at}/u; scgi_temp_path {at}/s;\n\
             gzip on; gzip_types *; gzip_min_length 1; limit_req_zone $binary_remote_addr zone=few:1m rate=1r/m; limit_req_status 429;\n\
             server {{ listen 127.0.0.1:{port}; root {}; {locations} location / {{ {extra} }} }} }}",
            root.display()
        );
        std::fs::write(folder.path().join("nginx.conf"), text).expect("written");
        let conf = folder.path().join("nginx.conf");
        let mut command = Command::new("/usr/sbin/nginx");
        command.arg("-p").arg(folder.path()).arg("-c").arg(conf).arg("-e").arg(folder.path().join("error.log"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nginx starts");
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = || std::fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(10), "nginx does not answer: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Server { base: format!("http://127.0.0.1:{port}"), child, folder }
    }
}

impl Server {
    /// A line for each request so far: method, URI, status, `range=`, `auth=`.
    pub(crate) fn told(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
