//! Carries what a client says to its door and what the door says to the client.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::ready;
use std::time::Duration;

use parlor_core::limits;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf, split};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::{Client, RECORD_BYTES};
use crate::accept::Life;

/// How long an end that was told is waited for.
const FAREWELL: Duration = Duration::from_secs(limits::FAREWELL_SECONDS);

/// Relays between a client and the life of its connection, which speaks at the other end of `near`, until both have ended.
///
/// # Errors
/// The client broke off, or took nothing for too long. Its life was cut off then.
pub(super) async fn relay(client: Client, near: UnixStream, mut life: Life) -> io::Result<()> {
    let mut relaying = pin!(carry(client, near));
    // Both arms only wait, and go on below.
    tokio::select! {
        ended = &mut relaying => {
            ended?;
            life.await;
            Ok(())
        }
        // What it said last is still on its way.
        () = &mut life => relaying.await,
    }
}

async fn carry(client: Client, near: UnixStream) -> io::Result<()> {
    let (from_client, to_client) = split(client);
    let (from_door, mut to_door) = near.into_split();
    let mut inward = pin!(inward(from_client, &mut to_door));
    let mut outward = pin!(outward(from_door, to_client));
    // Both arms only wait, and go on below.
    tokio::select! {
        said = &mut outward => {
            said?;
            // A close with unread bytes could take away from the client what it was told last.
            let _ = timeout(FAREWELL, inward).await;
            Ok(())
        }
        heard = &mut inward => match heard {
            Ok(()) => outward.await,
            Err(broke) => {
                // What came is done for so long. The door is not told of an end: nothing says that what came was all, and a
                // text whose end is the connection's must not be taken for whole when somebody cut it (RFC 8446, section 6.1).
                let _ = timeout(FAREWELL, outward).await;
                Err(broke)
            }
        },
    }
}

/// Until the client says that it has ended.
async fn inward(mut client: ReadHalf<Client>, door: &mut OwnedWriteHalf) -> io::Result<()> {
    let mut hears = true;
    while let Some(bytes) = some(&mut client).await? {
        // A door that has hung up says so by its own end; the rest is heard out.
        hears = hears && door.write_all(&bytes).await.is_ok();
    }
    if hears { door.shutdown().await } else { Ok(()) }
}

/// Until the door has ended, and the client was told so.
async fn outward(mut door: OwnedReadHalf, mut client: WriteHalf<Client>) -> io::Result<()> {
    // A door that hangs up with something unread has ended, too.
    while let Ok(Some(bytes)) = some(&mut door).await {
        client.write_all(&bytes).await?;
        client.flush().await?;
    }
    client.shutdown().await
}

/// What there is next; `None`: the end. The buffer is nobody's while nothing comes.
async fn some(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    poll_fn(|cx| {
        let mut buffer = [MaybeUninit::uninit(); RECORD_BYTES];
        let mut buffer = ReadBuf::uninit(&mut buffer);
        ready!(Pin::new(&mut *from).poll_read(cx, &mut buffer))?;
        let bytes = buffer.filled();
        Ok((!bytes.is_empty()).then(|| bytes.to_vec())).into()
    })
    .await
}
