//! argon2id in memory that is kept.
//!
//! A hash wants 19 MiB or more of zeroed memory, and to have that from the system every time costs as much again as half the
//! hash. So what one hash has used waits for the next: as many pieces as there ever were hashes at once. Hazard: what is in
//! them follows from passwords; they are lent to hashes only, which write all of it before they read it.

use std::sync::{Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{CustomizedPasswordHasher, Error, PasswordHasher, Result};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// Hashes and, by the traits of the field's own crates, verifies.
pub(super) struct Argon {
    params: Params,
    kept: Mutex<Vec<Vec<Block>>>,
}

impl Argon {
    pub(super) fn new(params: Params) -> Self {
        Self { params, kept: Mutex::default() }
    }

    fn with_memory<T>(&self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut memory = kept().pop().unwrap_or_default();
        // Only a hash that was made at another cost needs another size.
        memory.resize(blocks, Block::default());
        let result = work(&mut memory);
        kept().push(memory);
        result
    }
}

impl PasswordHasher<PasswordHash> for Argon {
    fn hash_password_with_salt(&self, password: &[u8], salt: &[u8]) -> Result<PasswordHash> {
        self.hash_password_with_params(password, salt, self.params.clone())
    }
}

impl CustomizedPasswordHasher<PasswordHash> for Argon {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> Result<PasswordHash> {
        let algorithm = algorithm.map_or(Ok(Algorithm::Argon2id), Algorithm::try_from)?;
        let version = version.map_or(Ok(Version::V0x13), Version::try_from)?;
        let mut buffer = [0; Output::MAX_LENGTH];
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = buffer.get_mut(..length).ok_or(Error::OutputSize)?;
        let argon2 = Argon2::new(algorithm, version, params.clone());
        self.with_memory(params.block_count(), |memory| {
            argon2.hash_password_into_with_memory(password, salt, output, memory)
        })?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(output)?),
        })
    }
}

#[cfg(test)]
mod test {
    use argon2::password_hash::PasswordVerifier;

    use super::*;

    #[test]
    fn hashes_are_the_librarys_whatever_the_memory_held_before() {
        let params = |memory, passes| Params::new(memory, passes, 1, None).unwrap();
        let argon = Argon::new(params(64, 2));
        for (password, memory, passes) in
            [(&b"one"[..], 64, 2), (b"two", 64, 2), (b"three", 32, 3), (b"four", 128, 1), (b"", 64, 2)]
        {
            let theirs = Argon2::new(Algorithm::Argon2id, Version::V0x13, params(memory, passes));
            let hash = theirs.hash_password_with_salt(password, b"sixteen bytes ..").unwrap();
            let ours = argon.hash_password_with_params(password, b"sixteen bytes ..", params(memory, passes));
            assert_eq!(ours.unwrap(), hash);
            argon.verify_password(password, &hash).unwrap();
            argon.verify_password(b"another", &hash).unwrap_err();
        }
        assert_eq!(argon.kept.lock().unwrap().len(), 1, "one at a time needs one piece");
    }
}
