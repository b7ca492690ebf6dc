metadata description = 'The built-in roles that the stack assigns, and the form in which it tells its assignments. One of them can change infrastructure: Network Contributor, which AKS gets on its own subnet alone.'

@export()
@description('Short name of a role to the GUID of its definition.')
var roleIds = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageBlobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageQueueDataMessageSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  storageFileDataPrivilegedContributor: '69566ab7-960f-475b-8e7c-b3118f30c6bd'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  azureMlDataScientist: 'f6c7c914-8db3-469d-8ca1-694a8f32e121'
  azureAiEnterpriseNetworkConnectionApprover: 'b556d68e-0be0-4f35-a333-ad7ee1ce17ea'
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d'
  acrPush: '8311e382-0749-4cb8-b61a-304f252e45ec'
  networkContributor: '4d97b98b-1d4f-4787-a291-c67834d212e7'
  durableTaskDataContributor: '0ad04412-c4d5-4796-b79c-f76d14c8d402'
}

@export()
@description('GUID of a role definition to the name that Azure shows.')
var roleNames = {
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': 'Storage Blob Data Owner'
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe': 'Storage Blob Data Contributor'
  '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1': 'Storage Blob Data Reader'
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88': 'Storage Queue Data Contributor'
  'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a': 'Storage Queue Data Message Sender'
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': 'Storage Table Data Contributor'
  '69566ab7-960f-475b-8e7c-b3118f30c6bd': 'Storage File Data Privileged Contributor'
  '3913510d-42f4-4e42-8a64-420c390055eb': 'Monitoring Metrics Publisher'
  'f6c7c914-8db3-469d-8ca1-694a8f32e121': 'AzureML Data Scientist'
  'b556d68e-0be0-4f35-a333-ad7ee1ce17ea': 'Azure AI Enterprise Network Connection Approver'
  '7f951dda-4ed3-4680-a7ca-43fe172d538d': 'AcrPull'
  '8311e382-0749-4cb8-b61a-304f252e45ec': 'AcrPush'
  '4d97b98b-1d4f-4787-a291-c67834d212e7': 'Network Contributor'
  '0ad04412-c4d5-4796-b79c-f76d14c8d402': 'Durable Task Data Contributor'
}

@export()
@description('One role assignment, as the stack tells it to an administrator: every module that assigns roles has them all in its output `assignments`, whether it was allowed to make them or not.')
type assignment = {
  @description('Object ID of who gets the role.')
  principalId: string

  @description('What kind of principal that is.')
  principalType: 'ServicePrincipal' | 'User' | 'Group'

  @description('GUID of the role definition.')
  roleId: string

  @description('Name of the role.')
  role: string

  @description('Resource ID of what the role is for.')
  scope: string

  @description('What breaks without it.')
  why: string

  @description('Condition (version 2.0) that narrows the role.')
  condition: string?
}
