metadata description = 'Who may do what in the two storage accounts. Everything else about roles is beside the resource that the role is for.'

import { assignment, roleIds } from 'roles.bicep'

@description('Name of the account of the videos.')
param dataAccountName string

@description('Name of the account of the host and of Azure Machine Learning.')
param opsAccountName string

@description('Object ID of the function app\'s identity.')
param functionPrincipalId string

@description('Object ID of the scoring nodes\' identity.')
param scoringPrincipalId string

@description('Object ID of the identity that builds the image of the nodes; empty without one.')
param builderPrincipalId string = ''

@description('Object ID of who may upload and download videos; empty for nobody.')
param developerPrincipalId string = ''

@description('What kind of principal that is.')
@allowed(['ServicePrincipal', 'User', 'Group'])
param developerPrincipalType string = 'User'

@description('Uploads come by a webhook, so the host keeps what fails in a queue of the data account.')
param usesWebhook bool

@description('Make the assignments. Without it they are only told.')
param assignRoles bool = true

// Azure Machine Learning gives its containers names of its own choice: azureml..., snapshotzips, and one named by a GUID for
// each version of the code of runs. So it is the containers of the host and of the app that are named, and left out.
// A condition narrows what is done to blobs; it does not reach the management of containers.
var actions = ['read', 'write', 'delete', 'add/action']
var ofOthers = ['azure-webjobs', 'app-package', 'dead-letters', 'reelbrush']
var noBlobs = map(
  actions,
  action => '!(ActionMatches{\'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/${action}\'})'
)
var elsewhere = map(
  ofOthers,
  name => '@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringNotStartsWith \'${name}\''
)
var ofTheWorkspace = '((${join(noBlobs, ' AND ')}) OR (${join(elsewhere, ' AND ')}))'

module functionOnOps 'storageRoles.bicep' = {
  name: 'roles-function-ops'
  params: {
    accountName: opsAccountName
    principalId: functionPrincipalId
    assignRoles: assignRoles
    grants: [
      { roleId: roleIds.storageBlobDataOwner, why: 'The Functions host keeps leases and packages as blobs.' }
      { roleId: roleIds.storageQueueDataContributor, why: 'Durable Functions and the queue of uploads.' }
      { roleId: roleIds.storageTableDataContributor, why: 'Durable Functions keeps histories in tables.' }
    ]
  }
}

var blobsOfVideos = {
  roleId: roleIds.storageBlobDataContributor
  why: 'The app reads sources, writes work and results, and signs links to single blobs.'
}
var poisonOfVideos = {
  roleId: roleIds.storageQueueDataContributor
  why: 'The blob trigger puts what failed five times into a queue of the account whose blob it was.'
}

module functionOnData 'storageRoles.bicep' = {
  name: 'roles-function-data'
  params: {
    accountName: dataAccountName
    principalId: functionPrincipalId
    assignRoles: assignRoles
    grants: usesWebhook ? [blobsOfVideos, poisonOfVideos] : [blobsOfVideos]
  }
}

module scoringOnData 'storageRoles.bicep' = {
  name: 'roles-scoring-data'
  params: {
    accountName: dataAccountName
    principalId: scoringPrincipalId
    assignRoles: assignRoles
    grants: [
      { roleId: roleIds.storageBlobDataReader, why: 'Nodes read sources and styles.' }
      {
        roleId: roleIds.storageBlobDataContributor
        container: 'work'
        why: 'Nodes publish segments, and write nowhere else.'
      }
    ]
  }
}

module scoringOnOps 'storageRoles.bicep' = {
  name: 'roles-scoring-ops'
  params: {
    accountName: opsAccountName
    principalId: scoringPrincipalId
    assignRoles: assignRoles
    grants: [
      {
        roleId: roleIds.storageBlobDataContributor
        condition: ofTheWorkspace
        why: 'Nodes fetch the code of runs and write their logs, in the containers of the workspace alone.'
      }
    ]
  }
}

module builderOnOps 'storageRoles.bicep' = if (!empty(builderPrincipalId)) {
  name: 'roles-builder-ops'
  params: {
    accountName: opsAccountName
    principalId: builderPrincipalId
    assignRoles: assignRoles
    grants: [
      {
        roleId: roleIds.storageBlobDataContributor
        condition: ofTheWorkspace
        why: 'Builds fetch what the image is made of and write their logs, in the containers of the workspace alone.'
      }
    ]
  }
}

module developerOnData 'storageRoles.bicep' = if (!empty(developerPrincipalId)) {
  name: 'roles-developer-data'
  params: {
    accountName: dataAccountName
    principalId: developerPrincipalId
    principalType: developerPrincipalType
    assignRoles: assignRoles
    grants: [
      { roleId: roleIds.storageBlobDataContributor, why: 'Uploading and downloading videos.' }
    ]
  }
}

module developerOnOps 'storageRoles.bicep' = if (!empty(developerPrincipalId)) {
  name: 'roles-developer-ops'
  params: {
    accountName: opsAccountName
    principalId: developerPrincipalId
    principalType: developerPrincipalType
    assignRoles: assignRoles
    grants: [
      {
        roleId: roleIds.storageBlobDataReader
        condition: ofTheWorkspace
        why: 'The studio shows logs of runs as whoever looks at them.'
      }
    ]
  }
}

@description('Every assignment, made or not.')
output assignments assignment[] = concat(
  functionOnOps.outputs.assignments,
  functionOnData.outputs.assignments,
  scoringOnData.outputs.assignments,
  scoringOnOps.outputs.assignments,
  empty(builderPrincipalId) ? [] : builderOnOps!.outputs.assignments,
  empty(developerPrincipalId) ? [] : developerOnData!.outputs.assignments,
  empty(developerPrincipalId) ? [] : developerOnOps!.outputs.assignments
)
