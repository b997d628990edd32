//! Whose is it, and what does it share with confirmed fakes: asked after the visit and before the assessment that is sealed.
//! Registries are asked only of hosts whose page alone says something: what thousands of harmless names are is nobody's business.

use crate::model::assessment::Assessment;
use crate::model::dossier::Dossier;
use crate::model::indicator;
use crate::pipeline::{Pass, PassError};

/// Score from which registries are asked.
const ASK_FROM: u8 = 20;

impl Pass {
    /// Fills the dossier's facts and assesses it: once, and once more where registries and ties had something to add.
    pub(super) async fn attribute(&self, dossier: &mut Dossier) -> Result<Assessment, PassError> {
        let host = dossier.candidate.host.clone();
        let known = tokio::task::block_in_place(|| self.records.registration(&host))?;
        self.desk.fill(dossier, false, known.clone(), &self.net).await;
        let alone = tokio::task::block_in_place(|| self.rules.get().assess(dossier, self.net.now()));
        if alone.scores.max() < ASK_FROM {
            return Ok(alone);
        }
        self.desk.fill(dossier, true, known, &self.net).await;
        tokio::task::block_in_place(|| {
            let marks = indicator::marks(dossier);
            dossier.facts.ties = Some(self.records.ties(&host, &marks)?);
            Ok(self.rules.get().assess(dossier, self.net.now()))
        })
    }
}
