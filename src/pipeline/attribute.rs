//! Whose is it, and what does it share with confirmed fakes: asked after the visit and before the assessment that is sealed.
//! Registries are asked only of hosts whose page alone says something: what thousands of harmless names are is nobody's business.

use crate::model::dossier::Dossier;
use crate::model::indicator;
use crate::pipeline::{Pass, PassError};

/// Score of the page alone from which registries are asked.
const ASK_FROM: u8 = 20;

impl Pass {
    /// Fills the dossier's facts.
    pub(super) async fn attribute(&self, dossier: &mut Dossier) -> Result<(), PassError> {
        let host = dossier.candidate.host.clone();
        let (suspect, known) = tokio::task::block_in_place(|| {
            let alone = self.rules.get().assess(dossier, self.net.now());
            Ok::<_, PassError>((alone.scores.max() >= ASK_FROM, self.records.registration(&host)?))
        })?;
        self.desk.fill(dossier, suspect, known, &self.net).await;
        if suspect {
            let marks = indicator::marks(dossier);
            dossier.facts.ties = Some(tokio::task::block_in_place(|| self.records.ties(&host, &marks))?);
        }
        Ok(())
    }
}
